"""Trains the generators for the embedded network tiny-alexnet. The same command resumes from the last checkpoint.

    python3 train_generators.py [--sketches N] [--samples N]

Needs work/base-seed1.pt (see train.py). First, the early layers learn to draw small sketches (a sixteenth of the
image's side) from many scenes. Then all layers learn to draw the image from fewer scenes. While it runs, it writes
work/deepsim.checkpoint.pt, the contact sheet work/deepsim.png and deepsim.log.csv in this folder. At the end, it writes
work/deepsim.pt (see export_generators.py).
"""

import argparse
import math
import time
from concurrent.futures import ThreadPoolExecutor

import train  # first: it sets up the threads

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import ConcatDataset, DataLoader

import network
from export import quantise_in_place
from generator import LAYERS, SKETCH_SCALE, Generator
from scenes import Scenes, art_without_patches

CHECKPOINT = train.WORK / "deepsim.checkpoint.pt"
TRAINED = train.WORK / "deepsim.pt"
SHEET = train.WORK / "deepsim.png"
LOG = train.HERE / "deepsim.log.csv"
PATCHES = train.HERE.parent / "patches" / "manifest.json"

SKETCH_BATCH = 64
SKETCH_PEAK_RATE = 2e-3
BATCH = 16
PEAK_RATE = 7e-4
WARM_UP_STEPS = 300
WEIGHT_DECAY = 1e-3
# After the sketches, batch normalisation keeps its statistics, because those of 16 scenes are too noisy. Later layers
# keep the statistics that they have with their initial weights, which scale them well.
NORM_BATCHES = 40
OBJECT_WEIGHT = 4.0
MASK_CELL = 4
# Lightness, red against green, yellow against blue. Red against green has a higher weight, because it varies little.
OPPONENT_WEIGHTS = torch.tensor([1.0, 4.0, 1.0])
OPPONENT_AXES = functional.normalize(torch.tensor([[1.0, 1, 1], [1, -1, 0], [1, 1, -2]]))
OPPONENT_AXES = (OPPONENT_WEIGHTS.sqrt()[:, None] * OPPONENT_AXES)[:, :, None, None]
FEATURE_WEIGHTS = {"conv2": 0.05, "pool5": 0.3}

SKETCH_SEED = 2
TRAIN_SEED = 1
STATISTICS_SEED = 500
STATISTICS_BATCHES = 256
WHITENING_DAMPING = 0.05
VALIDATION_SEED = 1000
VALIDATION_BATCHES = 8
LAST_VALIDATION_BATCHES = 32
STEPS_PER_VALIDATION = 500
SHEET_SCENES = 12

COLUMNS = [
    "stage", "samples", "seconds", "rate", "white_psnr", "mean_psnr", "white_object_psnr", "mean_object_psnr",
    *(f"{layer}_{column}" for layer in LAYERS
      for column in ("pixel_loss", "feature_loss", "psnr", "object_psnr", "feature_error")),
]  # fmt: skip


class Encoder(torch.nn.Module):
    """The exported int8 tiny-alexnet, frozen, with its BatchNorm folded."""

    def __init__(self, classes):
        super().__init__()
        model = network.build("base", len(classes))
        trained = torch.load(train.trained_file("base", train.SHIPPED_SEED), weights_only=True)
        if classes != trained["classes"]:
            raise SystemExit("the rendered art's classes differ from the encoder's: render the art again (render.mjs)")
        model.load_state_dict(trained["model"])
        model.eval()
        quantise_in_place(model)
        units = [
            torch.nn.Sequential(torch.nn.utils.fuse_conv_bn_eval(layer.conv, layer.norm), torch.nn.ReLU())
            if isinstance(layer, network.ConvUnit) else layer
            for layer in model.features
        ]  # fmt: skip
        self.convolutions = torch.nn.Sequential(*units).to(memory_format=torch.channels_last)
        self.fc6, self.fc7, self.fc8 = model.fc6, model.fc7, model.fc8
        self.requires_grad_(False)

    def maps(self, images):
        """Feature maps that the feature loss compares, by layer."""
        middle = self.convolutions[:3](images)
        return {"conv2": middle, "pool5": self.convolutions[3:](middle)}

    def features(self, maps):
        """fc6, fc7 and fc8 before ReLU."""
        fc6 = self.fc6(maps["pool5"].contiguous().flatten(1))
        fc7 = self.fc7(functional.relu(fc6))
        return {"fc6": fc6, "fc7": fc7, "fc8": self.fc8(functional.relu(fc7))}


def whitening(features):
    """Matrix [dims, dims] that decorrelates `features` [N, dims]. Damping keeps it from amplifying weak directions."""
    covariance = torch.cov(features.double().T)
    variances, directions = torch.linalg.eigh(covariance)
    damped = variances.clamp(min=0) + WHITENING_DAMPING * variances.mean()
    return (directions / damped.sqrt()).float()


class Statistics:
    """Means, variances and whitening matrices over training scenes."""

    @torch.no_grad()
    def __init__(self, encoder, source):
        features, variances = {layer: [] for layer in LAYERS}, {name: [] for name in FEATURE_WEIGHTS}
        total = squares = 0
        for number in range(STATISTICS_BATCHES):
            inputs = train.normalised(torch.from_numpy(source[number][0]))
            maps = encoder.maps(inputs)
            for layer, values in encoder.features(maps).items():
                features[layer].append(values)
            for name, values in variances.items():
                values.append(maps[name].var(0).mean().item())
            total += inputs.mean(0) / STATISTICS_BATCHES
            squares += inputs.square().mean(0) / STATISTICS_BATCHES
        self.image_mean = total
        self.pixel_variance = (squares - total.square()).mean().item()
        self.map_variance = {name: float(np.mean(values)) for name, values in variances.items()}
        self.feature_mean = {layer: torch.cat(values).mean(0) for layer, values in features.items()}
        self.whitening = {layer: whitening(torch.cat(values)) for layer, values in features.items()}


def pixel_loss(drawn, inputs, weights, statistics):
    """Weighted mean squared error of opponent colours, divided by the variance of pixels."""
    difference = functional.conv2d(drawn.float() - inputs, OPPONENT_AXES)
    return (weights * difference * difference).mean() / statistics.pixel_variance


def sketch_loss(generator, feature, inputs, weights, statistics):
    """Pixel loss of one generator's sketch."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        drawn = generator.sketch(feature)
    smaller = (functional.avg_pool2d(values, SKETCH_SCALE) for values in (inputs, weights))
    return pixel_loss(drawn, *smaller, statistics)


def losses(encoder, drawn, inputs, maps, weights, statistics):
    """Pixel loss and feature loss of drawn images, divided by the variance of pixels and features."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        drawn_maps = encoder.maps(drawn)
    pixel = pixel_loss(drawn, inputs, weights, statistics)
    feature_loss = sum(
        weight * functional.mse_loss(drawn_maps[name].float(), maps[name]) / statistics.map_variance[name]
        for name, weight in FEATURE_WEIGHTS.items()
    )
    return pixel, feature_loss


def pixel_weights(masks):
    """Weights [N, 1, 224, 224] of pixels: higher at or near an object (in cells of MASK_CELL pixels) than elsewhere."""
    cells = functional.max_pool2d(masks[:, None].float(), 3 * MASK_CELL, MASK_CELL, MASK_CELL)
    near = cells.repeat_interleave(MASK_CELL, 2).repeat_interleave(MASK_CELL, 3)
    weights = 1 + OBJECT_WEIGHT * near
    return weights / weights.mean()


def pixels(images):
    """Converts images in the encoder's input units to values from 0 to 255, clipped and rounded."""
    scaled = (images * train.STD.view(1, 3, 1, 1) + train.MEAN.view(1, 3, 1, 1)) * 255
    return scaled.clamp(0, 255).round()


def psnr(squared_error):
    return 10 * math.log10(255**2 / squared_error)


def squared_errors(drawn, images, masks):
    """Sums of squared errors in the whole frame and in the objects' pixels."""
    squares = (pixels(drawn) - images) ** 2
    return np.array([squares.sum().item(), (squares * masks[:, None]).sum().item()])


@torch.no_grad()
def validate(generators, encoder, source, batches, image_mean):
    """PSNR (dB) of whole images and within objects, and the relative error of features computed from the drawn images.

    `white` and `mean` are the PSNR of an empty frame and of the mean training image.
    """
    errors, feature_errors, count = {}, {}, np.zeros(2)
    white = ((1 - train.MEAN) / train.STD).view(1, 3, 1, 1)
    for number in range(batches):
        scenes, masks = (torch.from_numpy(array) for array in source[number])
        images = scenes.permute(0, 3, 1, 2).float()
        features = encoder.features(encoder.maps(train.normalised(scenes)))
        candidates = {"white": white.expand(images.shape), "mean": image_mean.expand(images.shape)}
        for layer, generator in generators.items():
            candidates[layer] = generator.eval()(features[layer])
            seen = train.normalised(pixels(candidates[layer]).permute(0, 2, 3, 1))
            again = encoder.features(encoder.maps(seen))[layer]
            relative = (again - features[layer]).norm(dim=1) / features[layer].norm(dim=1)
            feature_errors.setdefault(layer, []).append(relative.mean().item())
        for name, drawn in candidates.items():
            errors[name] = errors.get(name, 0) + squared_errors(drawn, images, masks)
        count += 3 * np.array([masks.numel(), masks.sum().item()])
    row = {}
    for name, sums in errors.items():
        frame, objects = sums / count
        row |= {f"{name}_psnr": f"{psnr(frame):.3f}", f"{name}_object_psnr": f"{psnr(objects):.3f}"}
    return row | {f"{layer}_feature_error": f"{np.mean(values):.4f}" for layer, values in feature_errors.items()}


@torch.no_grad()
def write_sheet(encoder, generators, source, path):
    """Writes a contact sheet: held-out scenes in the first row, then a row of reconstructions for each layer."""
    scenes = torch.from_numpy(source[0][0][:SHEET_SCENES])
    features = encoder.features(encoder.maps(train.normalised(scenes)))
    rows = [scenes.numpy()]
    for layer, generator in generators.items():
        rows.append(pixels(generator.eval()(features[layer])).permute(0, 2, 3, 1).numpy().astype(np.uint8))
    framed = [np.pad(row, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=128) for row in rows]
    Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in framed])).save(path)


def training_statistics(encoder, art):
    return Statistics(encoder, Scenes(art, BATCH, STATISTICS_SEED))


def validation_source(art):
    return Scenes(art, BATCH, VALIDATION_SEED, held_out=True)


def build_generator(encoder, layer):
    dims = getattr(encoder, layer).out_features
    return Generator(dims).to(memory_format=torch.channels_last)


class Training:
    """The generators, their optimisers, and the number of steps so far."""

    def __init__(self, encoder, statistics, sketch_steps, steps):
        torch.manual_seed(TRAIN_SEED)
        self.encoder, self.statistics = encoder, statistics
        self.sketch_steps, self.steps = sketch_steps, steps
        self.generators, self.optimisers = {}, {}
        for layer in LAYERS:
            generator = build_generator(encoder, layer)
            generator.feature_mean.copy_(statistics.feature_mean[layer])
            generator.whitening.copy_(statistics.whitening[layer])
            self.generators[layer] = generator
            self.optimisers[layer] = torch.optim.AdamW(generator.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
        self.step, self.seconds_before, self.started = 0, 0.0, time.monotonic()
        if CHECKPOINT.exists():
            state = torch.load(CHECKPOINT, weights_only=True)
            for layer in LAYERS:
                self.generators[layer].load_state_dict(state["generators"][layer])
                self.optimisers[layer].load_state_dict(state["optimisers"][layer])
            self.step, self.seconds_before = state["step"], state["seconds"]

    @property
    def sketches(self):
        """Whether the next step trains the sketches."""
        return self.step < self.sketch_steps

    @property
    def sketched_samples(self):
        return min(self.step, self.sketch_steps) * SKETCH_BATCH

    @property
    def samples(self):
        return self.sketched_samples + max(self.step - self.sketch_steps, 0) * BATCH

    @torch.no_grad()
    def measure_norms(self, source):
        """Sets the statistics of batch normalisation to their means over the first NORM_BATCHES batches."""
        norms = [norm for generator in self.generators.values() for norm in generator.norms.values()]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        for number in range(NORM_BATCHES):
            maps = self.encoder.maps(train.normalised(torch.from_numpy(source[number][0])))
            for layer, values in self.encoder.features(maps).items():
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    self.generators[layer].train()(values)

    def seconds(self):
        return self.seconds_before + time.monotonic() - self.started

    def rate(self):
        """Learning rate of the next step. Each stage has a warm-up, then a cosine to zero."""
        peak, done, steps = SKETCH_PEAK_RATE, self.step, self.sketch_steps
        if not self.sketches:
            peak, done, steps = PEAK_RATE, self.step - self.sketch_steps, self.steps - self.sketch_steps
        return peak * min(1, (done + 1) / WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * done / steps))

    def update(self, layer, loss, rate):
        generator, optimiser = self.generators[layer], self.optimisers[layer]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
        optimiser.step()

    def content(self):
        return {
            "generators": {layer: generator.state_dict() for layer, generator in self.generators.items()},
            "sketches": self.sketched_samples,
            "samples": self.samples - self.sketched_samples,
            "seconds": self.seconds(),
        }

    def save_checkpoint(self):
        optimisers = {layer: optimiser.state_dict() for layer, optimiser in self.optimisers.items()}
        train.save(CHECKPOINT, self.content() | {"optimisers": optimisers, "step": self.step})


class Means:
    """Mean losses by column, since the last call of `take`."""

    def __init__(self):
        self.values = {}

    def add(self, column, loss):
        self.values.setdefault(column, []).append(loss)

    def recent(self):
        return ", ".join(f"{column} {np.mean(values[-50:]):.3f}" for column, values in self.values.items())

    def take(self):
        row = {column: f"{np.mean(values):.4f}" for column, values in self.values.items()}
        self.values = {}
        return row


def train_step(training, threads, scenes, masks, rate):
    """Trains the generator of every layer by one step. Returns losses by log column."""
    encoder, statistics = training.encoder, training.statistics
    inputs, weights = train.normalised(scenes), pixel_weights(masks)
    with torch.no_grad():
        maps = encoder.maps(inputs)
        features = encoder.features(maps)

    def sketch_layer(layer):
        loss = sketch_loss(training.generators[layer].train(), features[layer], inputs, weights, statistics)
        training.update(layer, loss, rate)
        return {f"{layer}_pixel_loss": loss.item()}

    def train_layer(layer):
        generator = training.generators[layer].eval()  # batch normalisation keeps its statistics
        with torch.autocast("cpu", dtype=torch.bfloat16):
            drawn = generator(features[layer])
        pixel, feature = losses(encoder, drawn, inputs, maps, weights, statistics)
        training.update(layer, pixel + feature, rate)
        return {f"{layer}_pixel_loss": pixel.item(), f"{layer}_feature_loss": feature.item()}

    means = {}
    for own in threads.map(sketch_layer if training.sketches else train_layer, LAYERS):
        means |= own
    training.step += 1
    return means


def write_row(training, means, source, batches, rate):
    row = {"stage": "full", "samples": training.samples, "seconds": f"{training.seconds():.0f}", "rate": f"{rate:.2e}"}
    figures = validate(training.generators, training.encoder, source, batches, training.statistics.image_mean)
    train.log(LOG, row | means.take() | figures, COLUMNS)
    write_sheet(training.encoder, training.generators, source, SHEET)


def write_sketch_row(training, means, rate):
    row = {"stage": "sketch", "samples": training.samples, "seconds": f"{training.seconds():.0f}"}
    train.log(LOG, row | {"rate": f"{rate:.2e}"} | means.take(), COLUMNS)


def train_generators(arguments):
    sketch_steps = arguments.sketches // SKETCH_BATCH
    steps = sketch_steps + arguments.samples // BATCH
    train.keep_freed_memory()
    art = art_without_patches(train.WORK / "art", PATCHES)
    encoder = Encoder(art.classes)
    training = Training(encoder, training_statistics(encoder, art), sketch_steps, steps)
    first, samples_before, started = training.step, training.samples, time.monotonic()
    train.keep_rows_up_to(LOG, samples_before, COLUMNS)
    held_out = validation_source(art)
    sketches = train.Batches(Scenes(art, SKETCH_BATCH, SKETCH_SEED), min(first, sketch_steps), sketch_steps)
    full = train.Batches(Scenes(art, BATCH, TRAIN_SEED), max(first - sketch_steps, 0), steps - sketch_steps)
    # One core per generator, because its small layers gain little from more cores.
    threads = ThreadPoolExecutor(len(LAYERS), initializer=torch.set_num_threads, initargs=(1,))
    saved, means = started, Means()
    for scenes, masks in DataLoader(ConcatDataset([sketches, full]), batch_size=None, num_workers=1, prefetch_factor=8):
        if training.step == sketch_steps:
            training.measure_norms(Scenes(art, SKETCH_BATCH, STATISTICS_SEED))
        rate, sketched = training.rate(), training.sketches
        for column, loss in train_step(training, threads, scenes, masks, rate).items():
            means.add(column, loss)

        done = training.step
        if done % 50 == 0:
            pace = (training.samples - samples_before) / (time.monotonic() - started)
            print(f"{training.samples} scenes: {means.recent()}, {pace:.1f} scenes/s", flush=True)
        if sketched and (done % STEPS_PER_VALIDATION == 0 or done == sketch_steps):
            write_sketch_row(training, means, rate)
        elif done % STEPS_PER_VALIDATION == 0 or done == steps:
            count = LAST_VALIDATION_BATCHES if done == steps else VALIDATION_BATCHES
            write_row(training, means, held_out, count, rate)
        if time.monotonic() - saved > train.SECONDS_PER_CHECKPOINT:
            training.save_checkpoint()
            saved = time.monotonic()
    train.save(TRAINED, training.content())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sketches", type=int, default=144_000)
    parser.add_argument("--samples", type=int, default=48_000)
    train_generators(parser.parse_args())
