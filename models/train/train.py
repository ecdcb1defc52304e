"""Trains an embedded network; the same command resumes from the last checkpoint.

    python3 train.py --variant base|aa|noflip [--samples N]

Writes work/<variant>.checkpoint.pt while it runs, <variant>.log.csv beside this file,
and, when all samples are seen, work/<variant>.pt (see export.py).
"""

import argparse
import csv
import ctypes
import math
import os
import time
from pathlib import Path

# Workers share the cores with the network: spinning threads would starve them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

import network
from samples import Art, Samples, background_pool

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"

MEAN = torch.tensor([0.485, 0.456, 0.406])
STD = torch.tensor([0.229, 0.224, 0.225])

BATCH = 128
PEAK_RATE = 2e-3
WARM_UP_SHARE = 0.04
WEIGHT_DECAY = 0.02
LABEL_SMOOTHING = 0.05
DROPOUT = 0.1
TRAIN_SEED = 1
VALIDATION_SEED = 1000
VALIDATION_BATCHES = 8
LAST_VALIDATION_BATCHES = 32
SAMPLES_PER_VALIDATION = 64_000
SECONDS_PER_CHECKPOINT = 120

COLUMNS = [
    "samples", "seconds", "rate", "loss", "train_top1",
    "white_top1", "white_top5", "mixed_top1", "mixed_top5", "held_out_top1", "held_out_top5",
]  # fmt: skip


def keep_freed_memory():
    """Stops glibc from giving large blocks back to the kernel, which would zero them anew at every step."""
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(top_pad, 2**28)


class Batches(Dataset):
    """The batches first..last of a Samples source, in order, as tensors."""

    def __init__(self, source, first, last):
        self.source, self.first, self.last = source, first, last

    def __len__(self):
        return self.last - self.first

    def __getitem__(self, place):
        images, labels = self.source[self.first + place]
        return torch.from_numpy(images), torch.from_numpy(labels)


def normalised(images, generator=None, dtype=torch.float32):
    """[N, 3, 224, 224] of a float type, channels last, from uint8 [N, 224, 224, 3].

    With a generator, half of the images get another brightness, contrast and colour
    balance first; their values stay within black and white.
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
    # A few images at a time stay in the cache between the steps.
    for some in torch.arange(count).split(4):
        part = slice(int(some[0]), int(some[-1]) + 1)
        values = torch.addcmul(shift[part], pixels[part].float(), scale[part])
        result[part] = torch.clamp(values, black, white)
    return result


def learning_rate(share):
    """Linear warm-up, then a cosine to zero; share of all samples seen, 0 to 1."""
    if share < WARM_UP_SHARE:
        return PEAK_RATE * share / WARM_UP_SHARE
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * (share - WARM_UP_SHARE) / (1 - WARM_UP_SHARE)))


def validation_sources(art, pool, flip):
    """Fresh augmentations by a seed that training never uses."""

    def source(offset, **options):
        return Samples(art, pool, BATCH, VALIDATION_SEED + offset, flip=flip, **options)

    return {
        "white": source(0, white_only=True),
        "mixed": source(1),
        "held_out": source(2, source="held-out"),
    }


@torch.no_grad()
def accuracy(model, source, batches):
    """Shares of top-1 and top-5 hits in float32 over the first `batches` of a source."""
    training = model.training
    model.eval()
    top1 = top5 = count = 0
    for number in range(batches):
        images, labels = (torch.from_numpy(array) for array in source[number])
        ranked = model(normalised(images)).topk(5).indices == labels.view(-1, 1)
        top1 += ranked[:, 0].sum().item()
        top5 += ranked.any(1).sum().item()
        count += len(labels)
    model.train(training)
    return top1 / count, top5 / count


def validate(model, sources, batches):
    row = {}
    for name, source in sources.items():
        top1, top5 = accuracy(model, source, batches)
        row |= {f"{name}_top1": f"{top1:.4f}", f"{name}_top5": f"{top5:.4f}"}
    return row


def log(path, row, columns=COLUMNS):
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)


def keep_rows_up_to(path, samples, columns=COLUMNS):
    """Drops log rows after a checkpoint, so that a resumed run does not repeat them."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["samples"]) <= samples]
    path.unlink()
    for row in rows:
        log(path, row, columns)


def save(path, content):
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def train(arguments):
    variant, steps = arguments.variant, arguments.samples // BATCH
    checkpoint, log_path = WORK / f"{variant}.checkpoint.pt", HERE / f"{variant}.log.csv"
    keep_freed_memory()
    art = Art(WORK / "art")
    pool = background_pool(art)
    flip = variant != "noflip"
    torch.manual_seed(TRAIN_SEED)
    model = network.build(variant, len(art.classes), DROPOUT).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    first, seconds_before = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first, seconds_before = state["step"], state["seconds"]
    keep_rows_up_to(log_path, first * BATCH)

    source = Batches(Samples(art, pool, BATCH, TRAIN_SEED, flip=flip), first, steps)
    loader = DataLoader(source, batch_size=None, num_workers=arguments.workers, prefetch_factor=4)
    sources = validation_sources(art, pool, flip)
    jitter = torch.Generator()
    started = saved = time.monotonic()
    seconds = lambda: seconds_before + time.monotonic() - started  # noqa: E731
    losses, hits = [], []
    steps_per_validation = SAMPLES_PER_VALIDATION // BATCH
    model.train()
    for step, (images, labels) in enumerate(loader, start=first):
        rate = learning_rate(step / steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        inputs = normalised(images, jitter.manual_seed(step), torch.bfloat16)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = model(inputs)
        loss = functional.cross_entropy(scores.float(), labels, label_smoothing=LABEL_SMOOTHING)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        losses.append(loss.item())
        hits.append((scores.argmax(1) == labels).float().mean().item())

        done = step + 1
        if done % 50 == 0:
            recent, pace = losses[-50:], (done - first) * BATCH / (time.monotonic() - started)
            print(f"{done * BATCH} of {steps * BATCH}: loss {sum(recent) / len(recent):.3f}, {pace:.0f} images/s", flush=True)
        if done % steps_per_validation == 0 or done == steps:
            batches = LAST_VALIDATION_BATCHES if done == steps else VALIDATION_BATCHES
            row = {
                "samples": done * BATCH,
                "seconds": f"{seconds():.0f}",
                "rate": f"{rate:.2e}",
                "loss": f"{sum(losses) / len(losses):.4f}",
                "train_top1": f"{sum(hits) / len(hits):.4f}",
            }
            log(log_path, row | validate(model, sources, batches))
            losses, hits = [], []
        if time.monotonic() - saved > SECONDS_PER_CHECKPOINT:
            save(checkpoint, {"model": model.state_dict(), "optimiser": optimiser.state_dict(),
                              "step": done, "seconds": seconds()})  # fmt: skip
            saved = time.monotonic()
    save(WORK / f"{variant}.pt", {"model": model.state_dict(), "classes": art.classes,
                                  "samples": steps * BATCH, "seconds": seconds()})  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=network.VARIANTS, required=True)
    parser.add_argument("--samples", type=int, default=850_000)
    parser.add_argument("--workers", type=int, default=2)
    train(parser.parse_args())
