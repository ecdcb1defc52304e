"""Compares losses: trains three copies of a trained generator further, each with other losses.

    python3 try_losses.py [--layer fc8] [--samples N]

Needs work/deepsim.pt (see train_generators.py). `pixels` uses only the squared error of pixels. `features` adds the
error of the encoder's feature maps, as in the original training. `adversarial` also adds a discriminator that sees
image and feature, after Dosovitskiy and Brox (2016). Appends rows to losses.log.csv in this folder: columns of the
validation, and `sharpness` (see the function). Writes the contact sheet work/losses-<layer>.png.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor

import train  # first: it sets up the threads

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

import train_generators as base
from scenes import Scenes, art_without_patches

LOG = train.HERE / "losses.log.csv"
COLUMNS = ["layer", "losses", "samples", "psnr", "object_psnr", "feature_error", "sharpness"]
LOSSES = ("pixels", "features", "adversarial")
SEED = 4
RATE = 1e-4
DISCRIMINATOR_RATE = 4e-4
ADVERSARIAL_WEIGHT = 0.1
# The discriminator skips a step if its loss is below this share of the generator's adversarial loss.
FAR_AHEAD = 0.1
SLOPE = 0.2


class Discriminator(nn.Module):
    """Logits [N]: whether images float [N, 3, 224, 224] are the true scenes for whitened features [N, dims]."""

    def __init__(self, dims):
        super().__init__()
        self.maps = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(3, 32, 5, 2, 2), nn.LeakyReLU(SLOPE),
            nn.Conv2d(32, 64, 3, 2, 1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(64, 128, 3, 2, 1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(128, 128, 3, 2, 1), nn.LeakyReLU(SLOPE),
            nn.AdaptiveAvgPool2d(3), nn.Flatten(),
        )  # fmt: skip
        self.feature = nn.Sequential(nn.Linear(dims, 128), nn.LeakyReLU(SLOPE))
        self.together = nn.Sequential(nn.Linear(128 * 9 + 128, 128), nn.LeakyReLU(SLOPE), nn.Linear(128, 1))

    def forward(self, images, features):
        return self.together(torch.cat([self.maps(images), self.feature(features)], 1)).squeeze(1)


class Trial:
    """A copy of the trained generator, and its further training with one entry of LOSSES."""

    def __init__(self, name, generator, start):
        self.name, self.generator = name, generator
        generator.load_state_dict(start)
        generator.eval()  # batch normalisation keeps its statistics
        self.optimiser = torch.optim.AdamW(generator.parameters(), RATE, weight_decay=base.WEIGHT_DECAY)
        torch.manual_seed(SEED)
        self.discriminator = Discriminator(len(generator.feature_mean))
        self.judge = torch.optim.Adam(self.discriminator.parameters(), DISCRIMINATOR_RATE, betas=(0.5, 0.99))

    def step(self, encoder, statistics, inputs, maps, feature, weights):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            drawn = self.generator(feature)
        drawn = drawn.float()
        loss, feature_loss = base.losses(encoder, drawn, inputs, maps, weights, statistics)
        if self.name != "pixels":
            loss = loss + feature_loss
        if self.name == "adversarial":
            whitened = (feature - self.generator.feature_mean) @ self.generator.whitening
            loss = loss + ADVERSARIAL_WEIGHT * self.fool(drawn, whitened)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.optimiser.step()
        if self.name == "adversarial":
            self.tell_apart(inputs, drawn.detach(), whitened)

    def fool(self, drawn, whitened):
        self.discriminator.requires_grad_(False)
        loss = functional.softplus(-self.discriminator(drawn, whitened)).mean()
        self.discriminator.requires_grad_(True)
        return loss

    def tell_apart(self, inputs, drawn, whitened):
        true, false = self.discriminator(inputs, whitened), self.discriminator(drawn, whitened)
        loss = (functional.softplus(-true) + functional.softplus(false)).mean()
        if loss.item() < FAR_AHEAD * functional.softplus(-false).mean().item():
            return
        self.judge.zero_grad(set_to_none=True)
        loss.backward()
        self.judge.step()


@torch.no_grad()
def sharpness(encoder, layer, generators, source):
    """For each generator, the mean difference of neighbouring pixels near objects, divided by that of true scenes."""
    scenes, masks = (torch.from_numpy(array) for array in source[0])
    images = scenes.permute(0, 3, 1, 2).float()
    near = functional.max_pool2d(masks[:, None].float(), 9, 1, 4)[:, :, 1:, 1:]
    feature = encoder.features(encoder.maps(train.normalised(scenes)))[layer]

    def differences(values):
        down = (values[:, :, 1:, 1:] - values[:, :, :-1, 1:]).abs()
        across = (values[:, :, 1:, 1:] - values[:, :, 1:, :-1]).abs()
        return ((down + across) * near).mean().item()

    true = differences(images)
    return {name: differences(base.pixels(generator(feature))) / true for name, generator in generators.items()}


class OneLayer(nn.Module):
    """Returns the encoder's feature of one layer under the name of each generator, for `validate`."""

    def __init__(self, encoder, layer):
        super().__init__()
        self.maps, self.encoder, self.layer = encoder.maps, encoder, layer

    def features(self, maps):
        value = self.encoder.features(maps)[self.layer]
        return {name: value for name in (*LOSSES, "before")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer", choices=base.LAYERS, default="fc8")
    parser.add_argument("--samples", type=int, default=8_000)
    arguments = parser.parse_args()
    layer = arguments.layer
    train.keep_freed_memory()
    art = art_without_patches(train.WORK / "art", base.PATCHES)
    encoder = base.Encoder(art.classes)
    statistics = base.training_statistics(encoder, art)
    start = torch.load(base.TRAINED, weights_only=True)["generators"][layer]
    before = base.build_generator(encoder, layer).eval()
    before.load_state_dict(start)
    trials = [Trial(name, base.build_generator(encoder, layer), start) for name in LOSSES]
    threads = ThreadPoolExecutor(len(trials), initializer=torch.set_num_threads, initargs=(1,))
    batches = train.Batches(Scenes(art, base.BATCH, SEED), 0, arguments.samples // base.BATCH)
    for scenes, masks in DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=8):
        inputs, weights = train.normalised(scenes), base.pixel_weights(masks)
        with torch.no_grad():
            maps = encoder.maps(inputs)
            feature = encoder.features(maps)[layer]
        list(threads.map(lambda trial: trial.step(encoder, statistics, inputs, maps, feature, weights), trials))

    generators = {"before": before} | {trial.name: trial.generator for trial in trials}
    held_out, seen = base.validation_source(art), OneLayer(encoder, layer)
    row = base.validate(generators, seen, held_out, base.VALIDATION_BATCHES, statistics.image_mean)
    sharp = sharpness(encoder, layer, generators, held_out)
    for name in generators:
        figures = {column: row[f"{name}_{column}"] for column in ("psnr", "object_psnr", "feature_error")}
        samples = 0 if name == "before" else arguments.samples
        train.log(LOG, {"layer": layer, "losses": name, "samples": samples, **figures, "sharpness": f"{sharp[name]:.3f}"}, COLUMNS)
    base.write_sheet(seen, generators, held_out, train.WORK / f"losses-{layer}.png")


if __name__ == "__main__":
    main()
