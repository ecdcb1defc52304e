"""Trains the embedded networks. The same command resumes from the last checkpoint.

    python3 train.py [--seed S] [--samples N]

Trains all variants side by side on the same batches, with the same seed and schedule. While it runs, it writes
work/seed<S>.checkpoint.pt and appends rows to networks.log.csv in this folder. At the end, it writes
work/<variant>-seed<S>.pt (see export.py).
"""

import argparse
import csv
import ctypes
import math
import os
import time
from pathlib import Path
from statistics import mean

# Data workers share the cores with the network. Idle threads of the network must not spin, or the workers would starve.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import torch
from torch.nn import functional
from torch.utils.data import ConcatDataset, DataLoader, Dataset

import network
from samples import FRAME, Art, Samples, background_pool

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
LOG = HERE / "networks.log.csv"

MEAN = torch.tensor([0.485, 0.456, 0.406])
STD = torch.tensor([0.229, 0.224, 0.225])

BATCH = 128
PEAK_RATE = 2e-3
WARM_UP_SHARE = 0.04
WEIGHT_DECAY = 0.02
LABEL_SMOOTHING = 0.05
DROPOUT = 0.1
SHIPPED_SEED = 1
VALIDATION_SEED = 1000
VALIDATION_BATCHES = 8
LAST_VALIDATION_BATCHES = 32
SAMPLES_PER_VALIDATION = 128_000
SECONDS_PER_CHECKPOINT = 120

# The first part of the training uses smaller images, which takes half the time. Images of side 128 give pooled maps of
# exactly half the side that 224 gives.
SMALL_SIDE = 128
SMALL_SHARE = 2 / 3

COLUMNS = [
    "seed", "variant", "samples", "side", "seconds", "rate", "loss", "train_top1",
    "white_top1", "white_top5", "mixed_top1", "mixed_top5", "held_out_top1", "held_out_top5",
]  # fmt: skip


def keep_freed_memory():
    """Stops glibc from returning large blocks to the kernel. The kernel would zero them again for every step."""
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(top_pad, 2**28)


class Batches(Dataset):
    """Batches `first` to `last` - 1 of a source such as Samples, in order, as tensors."""

    def __init__(self, source, first, last):
        self.source, self.first, self.last = source, first, last

    def __len__(self):
        return self.last - self.first

    def __getitem__(self, place):
        return tuple(torch.from_numpy(array) for array in self.source[self.first + place])


def normalised(images, generator=None, dtype=torch.float32):
    """Network inputs [N, 3, side, side] of a float type, channels last, from images uint8 [N, side, side, 3].

    With a random generator, half of the images get another brightness, contrast and colour balance.
    """
    count = len(images)
    scale, shift = torch.ones(count, 3), torch.zeros(count, 3)
    if generator is not None:

        def uniform(low, high, *shape):
            return torch.rand(shape, generator=generator) * (high - low) + low

        gain = uniform(0.75, 1.25, count, 1) * uniform(0.9, 1.1, count, 3)
        contrast = uniform(0.75, 1.25, count, 1)
        jittered = torch.rand(count, 1, generator=generator) < 0.5
        scale = torch.where(jittered, gain * contrast, scale)
        shift = torch.where(jittered, 0.5 * (1 - contrast), shift)
    scale = (scale / (255 * STD)).view(count, 3, 1, 1)
    shift = ((shift - MEAN) / STD).view(count, 3, 1, 1)
    black, white = (-MEAN / STD).view(1, 3, 1, 1), ((1 - MEAN) / STD).view(1, 3, 1, 1)
    result = torch.empty(count, 3, *images.shape[1:3], dtype=dtype, memory_format=torch.channels_last)
    pixels = images.permute(0, 3, 1, 2)
    # A few images at a time, so that they stay in the cache between the operations.
    for some in torch.arange(count).split(4):
        part = slice(int(some[0]), int(some[-1]) + 1)
        values = torch.addcmul(shift[part], pixels[part].float(), scale[part])
        result[part] = torch.clamp(values, black, white)
    return result


def learning_rate(share):
    """Learning rate after a share (0 to 1) of all samples: linear warm-up, then a cosine to zero."""
    if share < WARM_UP_SHARE:
        return PEAK_RATE * share / WARM_UP_SHARE
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * (share - WARM_UP_SHARE) / (1 - WARM_UP_SHARE)))


def inputs_by_variant(inputs, mirrored):
    """The inputs of a batch for each variant. Images with `mirrored` (bool [N]) are flipped, except for noflip."""
    flipped = torch.where(mirrored.view(-1, 1, 1, 1), inputs.flip(3), inputs)
    return {variant: inputs if variant == "noflip" else flipped for variant in network.VARIANTS}


def validation_sources(art, pool):
    """Sources of validation samples, with seeds that training never uses."""

    def source(offset, **options):
        return Samples(art, pool, BATCH, VALIDATION_SEED + offset, **options)

    return {
        "white": source(0, white_only=True),
        "mixed": source(1),
        "held_out": source(2, source="held-out"),
    }


@torch.no_grad()
def validate(models, sources, batches):
    """For each variant, top-1 and top-5 accuracies in float32 over the first `batches` batches of each source."""
    rows = {variant: {} for variant in models}
    for model in models.values():
        model.eval()
    for name, source in sources.items():
        hits = {variant: torch.zeros(2) for variant in models}
        for number in range(batches):
            images, labels, mirrored = (torch.from_numpy(array) for array in source[number])
            seen = inputs_by_variant(normalised(images), mirrored)
            for variant, model in models.items():
                right = model(seen[variant]).topk(5).indices == labels.view(-1, 1)
                hits[variant] += torch.stack([right[:, 0].sum(), right.sum()])
        for variant, (top1, top5) in hits.items():
            count = batches * BATCH
            rows[variant] |= {f"{name}_top1": f"{top1 / count:.4f}", f"{name}_top5": f"{top5 / count:.4f}"}
    for model in models.values():
        model.train()
    return rows


def log(path, row, columns=COLUMNS):
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)


def keep_rows_up_to(path, samples, columns=COLUMNS, seed=None):
    """Removes log rows (of this seed) newer than the checkpoint, because a resumed training writes them again."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("seed") != seed or int(row["samples"]) <= samples]
    path.unlink()
    for row in rows:
        log(path, row, columns)


def save(path, content):
    """Saves a file completely or not at all, even if the process is killed."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


class Training:
    """One variant, its optimiser, and the losses and accuracies of its steps since the last row of the log."""

    def __init__(self, variant, classes, seed):
        torch.manual_seed(seed)
        self.model = network.build(variant, classes, DROPOUT).to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY, fused=True)
        self.losses, self.hits = [], []

    def take_step(self, inputs, labels, rate):
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        scores = self.model(inputs)
        loss = functional.cross_entropy(scores, labels, label_smoothing=LABEL_SMOOTHING)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        self.optimiser.step()
        self.losses.append(loss.item())
        self.hits.append((scores.argmax(1) == labels).float().mean().item())

    def take_figures(self):
        figures = {"loss": f"{mean(self.losses):.4f}", "train_top1": f"{mean(self.hits):.4f}"}
        self.losses, self.hits = [], []
        return figures

    def content(self):
        return {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}

    def resume(self, content):
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])


def trained_file(variant, seed):
    return WORK / f"{variant}-seed{seed}.pt"


def train(seed, samples, workers):
    steps = samples // BATCH
    full_size_from = round(steps * SMALL_SHARE)
    checkpoint = WORK / f"seed{seed}.checkpoint.pt"
    keep_freed_memory()
    art = Art(WORK / "art")
    pool = background_pool(art)
    trainings = {variant: Training(variant, len(art.classes), seed) for variant in network.VARIANTS}
    models = {variant: training.model for variant, training in trainings.items()}
    first, seconds_before = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        for variant, training in trainings.items():
            training.resume(state[variant])
        first, seconds_before = state["step"], state["seconds"]
    keep_rows_up_to(LOG, first * BATCH, seed=str(seed))

    small, full = (Samples(art, pool, BATCH, seed, side) for side in (SMALL_SIDE, FRAME))
    batches = [Batches(small, min(first, full_size_from), full_size_from), Batches(full, max(first, full_size_from), steps)]
    loader = DataLoader(ConcatDataset(batches), batch_size=None, num_workers=workers, prefetch_factor=4)
    sources = validation_sources(art, pool)
    jitter = torch.Generator()
    started = saved = time.monotonic()
    seconds = lambda: seconds_before + time.monotonic() - started  # noqa: E731
    steps_per_validation = SAMPLES_PER_VALIDATION // BATCH
    for step, (images, labels, mirrored) in enumerate(loader, start=first):
        rate = learning_rate(step / steps)
        inputs = inputs_by_variant(normalised(images, jitter.manual_seed(step)), mirrored)
        for variant, training in trainings.items():
            torch.manual_seed(step)  # equal dropout for every variant and seed, also after a resume
            training.take_step(inputs[variant], labels, rate)

        done = step + 1
        if done % 50 == 0:
            recent = " ".join(f"{variant} {mean(training.losses[-50:]):.3f}" for variant, training in trainings.items())
            pace = (done - first) * BATCH / (time.monotonic() - started)
            print(f"{done * BATCH} of {steps * BATCH}: loss {recent}, {pace:.0f} samples/s", flush=True)
        if done % steps_per_validation == 0 or done == steps:
            shares = validate(models, sources, LAST_VALIDATION_BATCHES if done == steps else VALIDATION_BATCHES)
            for variant, training in trainings.items():
                row = {"seed": seed, "variant": variant, "samples": done * BATCH, "side": images.shape[1],
                       "seconds": f"{seconds():.0f}", "rate": f"{rate:.2e}"}  # fmt: skip
                log(LOG, row | training.take_figures() | shares[variant])
        if time.monotonic() - saved > SECONDS_PER_CHECKPOINT or done == steps:
            contents = {variant: training.content() for variant, training in trainings.items()}
            save(checkpoint, contents | {"step": done, "seconds": seconds()})
            saved = time.monotonic()
    for variant, model in models.items():
        save(trained_file(variant, seed), {"model": model.state_dict(), "classes": art.classes,
                                           "seed": seed, "samples": steps * BATCH})  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SHIPPED_SEED)
    parser.add_argument("--samples", type=int, default=860_000)
    parser.add_argument("--workers", type=int, default=1, help="start this many processes that draw samples")
    arguments = parser.parse_args()
    train(arguments.seed, arguments.samples, arguments.workers)
