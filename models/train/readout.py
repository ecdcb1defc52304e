"""Measures what a linear read-out of each layer tells of a scene: which objects are in it, and where.

    python3 readout.py [--scenes N]

Needs work/base-seed1.pt (see train.py). Scenes are one to three of the built-in patches on white, 75 pixels
on the longer side, apart from one another. On features standardised by the training scenes, ridge regression
learns for each object whether it is there, and from the scenes with it the place of its center. Writes readout.csv
beside this file: by layer (`none`: what is told without any feature) and number of objects, over scenes that the
regression never saw,

- objects: the share of objects that are among the highest scores, of which as many are taken as there are objects;
- scenes: the share of scenes whose objects are all found so;
- distance: the median distance in pixels from an object's center to the place that is read out;
- placed: the share of objects for which it is at most half an object's side;
- variance: the share of the centers' variance that is explained (R²).
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
# Candidates for the strength of the ridge. It is chosen on as many scenes as are tested.
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
LOG = train.HERE / "readout.csv"
COLUMNS = ["layer", "count", "scenes_tested", "objects", "scenes", "distance", "placed", "variance"]


class PatchScenes:
    """Batches by number: images uint8 [BATCH, 224, 224, 3], centers float32 [BATCH, patches, 2] (NaN: not there)."""

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
    """Features float32 [scenes, dims] by layer (zeros for `none`), and the centers [scenes, patches, 2]."""
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
    """Weights float64 [dims, targets] of a ridge regression for each strength; the last feature must be constant."""
    features, targets = features.double(), targets.double()
    gram, moments = features.T @ features / len(features), features.T @ targets / len(features)
    penalty = torch.eye(len(gram), dtype=torch.float64)
    penalty[-1, -1] = 0  # the constant has no penalty
    return [torch.linalg.solve(gram + strength * penalty, moments) for strength in RIDGES]


def read_outs(features, centers):
    """For each strength, a function from features to every object's score and center, learnt from these scenes."""
    there = ~centers[:, :, 0].isnan()
    scores = ridges(features, there.double())
    places = [ridges(features[own], centers[own, patch]) for patch, own in enumerate(there.T)]

    def read_out(number):
        by_patch = [place[number] for place in places]
        return lambda some: (some.double() @ scores[number], torch.stack([some.double() @ one for one in by_patch], 1))

    return [read_out(number) for number in range(len(RIDGES))]


def figures(centers, scores, places):
    """The columns `objects` to `variance` for these scenes (see the head of this file)."""
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
