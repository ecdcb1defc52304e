"""Scenes made on the fly for the generators: up to four objects on a plain frame."""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image

from samples import FRAME, HARD_ALPHA, Art, random_colour

OBJECT_COUNT_SHARES = (0.04, 0.31, 0.3, 0.23, 0.12)
OBJECT_PIXELS = (40, 140)
WHITE_SHARE = 0.97
FLIP_SHARE = 0.5
PLACES_TRIED = 8

PATCH_SET = "fluent-emoji-3d"


def art_without_patches(folder, manifest):
    """The art without the pictures that the built-in patches were made from."""
    patches = json.loads(Path(manifest).read_text())["patches"]
    return Art(folder, frozenset((PATCH_SET, patch["class"]) for patch in patches))


def overlaps(box, others):
    left, top, width, height = box
    return any(
        left < x + w and x < left + width and top < y + h and y < top + height for x, y, w, h in others
    )


class Scenes:
    """Batches by number. The same number always gives the same batch."""

    def __init__(self, art, batch, seed, held_out=False, white_only=False):
        self.batch, self.seed, self.white_only = batch, seed, white_only
        pictures = art.held_out if held_out else art.train
        self.classes = [some for some in pictures if some]

    def __getitem__(self, number):
        """Images uint8 [batch, 224, 224, 3] in RGB, and masks of the objects bool [batch, 224, 224]."""
        rng = np.random.default_rng((self.seed, number))
        images = np.empty((self.batch, FRAME, FRAME, 3), dtype=np.uint8)
        masks = np.empty((self.batch, FRAME, FRAME), dtype=bool)
        for place in range(self.batch):
            images[place], masks[place] = self.draw(rng)
        return images, masks

    def draw(self, rng):
        white = self.white_only or rng.random() < WHITE_SHARE
        frame = Image.new("RGB", (FRAME, FRAME), (255, 255, 255) if white else random_colour(rng))
        mask = Image.new("L", frame.size)
        boxes = []
        for _ in range(rng.choice(len(OBJECT_COUNT_SHARES), p=OBJECT_COUNT_SHARES)):
            part = self.object(rng)
            box = self.place(rng, part, boxes)
            boxes.append(box)
            alpha = part.getchannel("A").point(HARD_ALPHA)
            frame.paste(part.convert("RGB"), box[:2], alpha)
            mask.paste(255, box[:2], alpha)
        return np.asarray(frame), np.asarray(mask) > 0

    def object(self, rng):
        """A picture of a random class. Its longer side is within OBJECT_PIXELS."""
        pictures = self.classes[int(rng.integers(len(self.classes)))]
        picture = pictures[int(rng.integers(len(pictures)))]
        side = math.exp(rng.uniform(math.log(OBJECT_PIXELS[0]), math.log(OBJECT_PIXELS[1])))
        scale = side / max(picture.size)
        size = tuple(max(1, round(length * scale)) for length in picture.size)
        part = picture.resize(size, Image.BILINEAR)
        return part.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < FLIP_SHARE else part

    def place(self, rng, part, boxes):
        """A box (left, top, width, height) in the frame. It may overlap others if PLACES_TRIED attempts fail."""
        for _ in range(PLACES_TRIED):
            left = int(rng.integers(0, FRAME - part.width + 1))
            top = int(rng.integers(0, FRAME - part.height + 1))
            box = (left, top, part.width, part.height)
            if not overlaps(box, boxes):
                break
        return box
