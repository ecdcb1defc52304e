"""Measures how well a linear model can tell from each layer which objects a scene contains, and where they are.

    python3 readout.py [--scenes N]

Needs work/base-seed1.pt (see train.py). A scene has one to three of the built-in patches on white, without overlap.
Their longer side is 75 pixels. For each patch, a ridge regression learns whether the scene contains it, and where its
center is. Features are standardised by the training scenes. Writes readout.csv into this folder, with a row for each
layer (`none`: without features) and number of objects. Its columns, over scenes that were not used for training:

- objects: share of objects found. In a scene with n objects, the n patches with the highest scores are found;
- scenes: share of scenes in which all objects are found;
- distance: median error of an object's center, in pixels;
- placed: share of objects with an error of at most half an object's side;
- variance: explained share of the centers' variance (R²).
"""

import argparse
import csv
import json

import train  # first: it sets up the threads

import numpy as np
import torch
from PIL import Image

from samples import FRAME, HARD_ALPHA, Art
from scenes import overlaps
from train_generators import PATCHES, Encoder

LAYERS = ("pool5", "fc6", "fc7", "fc8")
SIDE = 75
MOST_OBJECTS = 3
BATCH = 64
SEED = 3
TEST_SHARE = 0.1
# Candidates for the ridge penalty. Another TEST_SHARE of the scenes chooses among them.
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
LOG = train.HERE / "readout.csv"
COLUMNS = ["layer", "count", "scenes_tested", "objects", "scenes", "distance", "placed", "variance"]


class PatchScenes:
    """Batches by number: images uint8 [BATCH, 224, 224, 3], centers float32 [BATCH, patches, 2] (NaN: patch absent)."""

    def __init__(self):
        self.patches = []
        for entry in json.loads(PATCHES.read_text())["patches"]:
            picture = Image.open(PATCHES.parent / entry["file"]).convert("RGBA")
            scale = SIDE / max(picture.size)
            size = tuple(round(length * scale) for length in picture.size)
            self.patches.append(picture.resize(size, Image.BILINEAR))

    def __getitem__(self, number):
        rng = np.random.default_rng((SEED, number))
        images = np.empty((BATCH, FRAME, FRAME, 3), dtype=np.uint8)
        centers = np.full((BATCH, len(self.patches), 2), np.nan, dtype=np.float32)
        for place in range(BATCH):
            images[place] = self.draw(rng, centers[place])
        return images, centers

    def draw(self, rng, centers):
        frame = Image.new("RGB", (FRAME, FRAME), (255, 255, 255))
        boxes = []
        for patch in rng.permutation(len(self.patches))[: rng.integers(1, MOST_OBJECTS + 1)]:
            picture = self.patches[patch]
            width, height = picture.size
            box = None
            while box is None or overlaps(box, boxes):
                box = (int(rng.integers(FRAME - width + 1)), int(rng.integers(FRAME - height + 1)), width, height)
            boxes.append(box)
            frame.paste(picture.convert("RGB"), box[:2], picture.getchannel("A").point(HARD_ALPHA))
            centers[patch] = box[0] + width / 2, box[1] + height / 2
        return np.asarray(frame)


@torch.no_grad()
def features_of(encoder, source, batches):
    """Features float32 [scenes, dims] by layer (zeros for `none`), and centers of the patches [scenes, patches, 2]."""
    found, centers = {layer: [] for layer in LAYERS}, []
    for number in range(batches):
        images, places = source[number]
        maps = encoder.maps(train.normalised(torch.from_numpy(images)))
        pool5 = {"pool5": maps["pool5"].contiguous().flatten(1)}
        for layer, values in (pool5 | encoder.features(maps)).items():
            found[layer].append(values)
        centers.append(torch.from_numpy(places))
    by_layer = {"none": torch.zeros(batches * BATCH, 1)} | {layer: torch.cat(values) for layer, values in found.items()}
    return by_layer, torch.cat(centers)


def ridges(features, targets):
    """Weights float64 [dims, targets] of a ridge regression per penalty in RIDGES. The last feature must be constant."""
    features, targets = features.double(), targets.double()
    gram, moments = features.T @ features / len(features), features.T @ targets / len(features)
    penalty = torch.eye(len(gram), dtype=torch.float64)
    penalty[-1, -1] = 0  # none for the constant
    return [torch.linalg.solve(gram + strength * penalty, moments) for strength in RIDGES]


def read_outs(features, centers):
    """For each penalty in RIDGES, a function that predicts every patch's score and center from features."""
    there = ~centers[:, :, 0].isnan()
    scores = ridges(features, there.double())
    places = [ridges(features[own], centers[own, patch]) for patch, own in enumerate(there.T)]

    def read_out(number):
        by_patch = [place[number] for place in places]
        return lambda some: (some.double() @ scores[number], torch.stack([some.double() @ one for one in by_patch], 1))

    return [read_out(number) for number in range(len(RIDGES))]


def figures(centers, scores, places):
    """The columns `objects` to `variance` for these scenes (see the top of this file)."""
    there = ~centers[:, :, 0].isnan()
    count = there.sum(1, keepdim=True)
    rank = scores.argsort(1, descending=True).argsort(1)
    found = (rank < count) & there
    distances = (places - centers)[there].norm(dim=1)
    spread = (centers[there] - centers[there].mean(0)).square().sum()
    return {
        "objects": found.sum().item() / there.sum().item(),
        "scenes": (found.sum(1) == there.sum(1)).double().mean().item(),
        "distance": distances.median().item(),
        "placed": (distances <= SIDE / 2).double().mean().item(),
        "variance": 1 - (distances.square().sum() / spread).item(),
    }


def told(row):
    return row["objects"] + row["variance"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=32_000)
    batches = parser.parse_args().scenes // BATCH
    train.keep_freed_memory()
    encoder = Encoder(Art(train.WORK / "art").classes)
    by_layer, centers = features_of(encoder, PatchScenes(), batches)
    tested = round(len(centers) * TEST_SHARE)
    learn, choose, test = slice(2 * tested, None), slice(tested, 2 * tested), slice(0, tested)
    counts = (~centers[:, :, 0].isnan()).sum(1)
    rows = []
    for layer, values in by_layer.items():
        mean, deviation = values[learn].mean(0), values[learn].std(0).clamp(min=1e-6)
        values = torch.cat([(values - mean) / deviation, torch.ones(len(values), 1)], 1)
        candidates = read_outs(values[learn], centers[learn])
        chosen = max(candidates, key=lambda one: told(figures(centers[choose], *one(values[choose]))))
        scores, places = chosen(values[test])
        for count in range(1, MOST_OBJECTS + 1):
            some = counts[test] == count
            row = figures(centers[test][some], scores[some], places[some])
            rows.append({"layer": layer, "count": count, "scenes_tested": some.sum().item()}
                        | {column: f"{value:.4f}" for column, value in row.items()})  # fmt: skip
    with LOG.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(" ".join(f"{key}={value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
