"""Training samples made on the fly: one object on a background, augmented as in the paper.

Think of a sample as a square photograph with an object, from which torchvision's RandomResizedCrop takes a window. The
photograph itself is never drawn. Only the object's visible part is resized, directly to its size in the frame.
"""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image

FRAME = 224
CROP_AREA = (0.08, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)
OBJECT_SIDE = (0.22, 0.9)
SMALLEST_VISIBLE_SHARE = 0.25
SMALLEST_VISIBLE_PIXELS = 24
WHITE_SHARE = 0.3
PLAIN_SHARE = 0.1
HARD_ALPHA_SHARE = 0.5

HELD_OUT_SET = "noto"
HELD_OUT_EVERY = 5

BACKGROUND_SIDE = 288
BACKGROUND_COUNT = 600

HARD_ALPHA = [0] * 128 + [255] * 128


class Art:
    """The rendered pictures by class, for training (`train`) and validation (`held_out`).

    Pictures in `left_out`, as (art set, name), are in neither.
    """

    def __init__(self, folder, left_out=frozenset()):
        index = json.loads((Path(folder) / "index.json").read_text())
        self.classes = index["classes"]
        self.train = [[] for _ in self.classes]
        self.held_out = [[] for _ in self.classes]
        for art_set, names in index["sets"].items():
            for name in names:
                if (art_set, name) in left_out:
                    continue
                number = self.classes.index(name)
                picture = Image.open(Path(folder) / art_set / f"{name}.png").convert("RGBA")
                held_out = art_set == HELD_OUT_SET and number % HELD_OUT_EVERY == 0
                (self.held_out if held_out else self.train)[number].append(picture)
        self.held_out_classes = [n for n, pictures in enumerate(self.held_out) if pictures]


def random_crop(rng):
    """Window (left, top, width, height) in the unit square, drawn like torchvision's RandomResizedCrop."""
    for _ in range(10):
        area = rng.uniform(*CROP_AREA)
        aspect = math.exp(rng.uniform(math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1])))
        width, height = math.sqrt(area * aspect), math.sqrt(area / aspect)
        if width <= 1 and height <= 1:
            return rng.uniform(0, 1 - width), rng.uniform(0, 1 - height), width, height
    return 0.0, 0.0, 1.0, 1.0


def object_and_crop(rng, aspect):
    """Random box of the object and crop window, both in the unit square, that show enough of the object."""
    side = math.exp(rng.uniform(math.log(OBJECT_SIDE[0]), math.log(OBJECT_SIDE[1])))
    width, height = (side, side / aspect) if aspect >= 1 else (side * aspect, side)
    box = (rng.uniform(0, 1 - width), rng.uniform(0, 1 - height), width, height)
    for _ in range(20):
        crop = random_crop(rng)
        shown_width = min(box[0] + width, crop[0] + crop[2]) - max(box[0], crop[0])
        shown_height = min(box[1] + height, crop[1] + crop[3]) - max(box[1], crop[1])
        if shown_width <= 0 or shown_height <= 0:
            continue
        pixels = max(shown_width / crop[2], shown_height / crop[3]) * FRAME
        if shown_width * shown_height >= SMALLEST_VISIBLE_SHARE * width * height and pixels >= SMALLEST_VISIBLE_PIXELS:
            return box, crop
    return box, (0.0, 0.0, 1.0, 1.0)


def visible_part(side, start, length, crop_start, crop_length):
    """Along one axis: first and end pixel of the object in the frame, and its visible part [from, to] (0 to 1)."""
    scale = side / crop_length
    first = max(0, round((start - crop_start) * scale))
    last = min(side, round((start + length - crop_start) * scale))
    last = max(last, first + 1)
    share = [(pixel / scale + crop_start - start) / length for pixel in (first, last)]
    return first, last, min(max(share[0], 0.0), 1.0), min(max(share[1], 0.0), 1.0)


def paste_object(frame, picture, box, crop, hard_alpha):
    """Draws the visible part of the object into the frame (a square PIL image in RGB)."""
    side = frame.width
    left, right, from_x, to_x = visible_part(side, box[0], box[2], crop[0], crop[2])
    top, bottom, from_y, to_y = visible_part(side, box[1], box[3], crop[1], crop[3])
    if to_x - from_x <= 0 or to_y - from_y <= 0 or left >= side or top >= side:
        return
    source = (from_x * picture.width, from_y * picture.height, to_x * picture.width, to_y * picture.height)
    part = picture.resize((right - left, bottom - top), Image.BILINEAR, box=source)
    mask = part.getchannel("A")
    if hard_alpha:
        mask = mask.point(HARD_ALPHA)
    frame.paste(part.convert("RGB"), (left, top), mask)


def random_colour(rng):
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def low_frequency_noise(rng, side):
    """Smooth random colours: a small random image enlarged."""
    cells = int(rng.integers(2, 12))
    small = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    if rng.random() < 0.3:
        small = small[..., :1].repeat(3, axis=2)
    return Image.fromarray(small).resize((side, side), Image.BICUBIC)


def gradient(rng, side):
    ends = np.array([random_colour(rng), random_colour(rng)], dtype=np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    line = np.linspace(-1, 1, side, dtype=np.float32)
    share = 0.5 + 0.35 * (math.cos(angle) * line[None, :] + math.sin(angle) * line[:, None])
    return Image.fromarray((ends[0] + share[..., None] * (ends[1] - ends[0])).astype(np.uint8))


def stripes(rng, side):
    colours = np.array([random_colour(rng), random_colour(rng)], dtype=np.uint8)
    period, angle = rng.uniform(4, 60), rng.uniform(0, math.pi)
    line = np.arange(side, dtype=np.float32)
    phase = (math.cos(angle) * line[None, :] + math.sin(angle) * line[:, None]) / period
    if rng.random() < 0.4:
        across = (math.cos(angle) * line[:, None] - math.sin(angle) * line[None, :]) / period
        return Image.fromarray(colours[(np.floor(phase) + np.floor(across)).astype(int) % 2])
    return Image.fromarray(colours[np.floor(phase).astype(int) % 2])


def grain(rng, image):
    """Adds pixel noise, like the grain of a photograph."""
    noise = rng.normal(0, rng.uniform(4, 30), (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def clutter(rng, side, art, ground):
    """Draws many other objects over an image, some of them half transparent."""
    image = ground.copy()
    for _ in range(int(rng.integers(4, 25))):
        pictures = art.train[int(rng.integers(len(art.classes)))]
        picture = pictures[int(rng.integers(len(pictures)))]
        size = max(8, int(side * math.exp(rng.uniform(math.log(0.06), math.log(0.3)))))
        scale = size / max(picture.size)
        part = picture.resize((max(1, int(picture.width * scale)), max(1, int(picture.height * scale))))
        part = part.rotate(rng.uniform(0, 360), expand=True)
        if rng.random() < 0.5:
            part.putalpha(part.getchannel("A").point(lambda value: value // 2))
        image.paste(part, tuple(int(value) for value in rng.integers(-size, side, 2)), part)
    return image


def background_pool(art, seed=7):
    """Backgrounds uint8 [BACKGROUND_COUNT, side, side, 3]: gradients, stripes, noise and clutter."""
    rng = np.random.default_rng(seed)
    grounds = (low_frequency_noise, gradient, stripes)
    pool = np.empty((BACKGROUND_COUNT, BACKGROUND_SIDE, BACKGROUND_SIDE, 3), dtype=np.uint8)
    for number in range(BACKGROUND_COUNT):
        image = grounds[int(rng.integers(len(grounds)))](rng, BACKGROUND_SIDE)
        if rng.random() < 0.5:
            image = clutter(rng, BACKGROUND_SIDE, art, image)
        if rng.random() < 0.4:
            image = grain(rng, image)
        pool[number] = np.asarray(image)
    return pool


class Samples:
    """Batches by number. The same number always gives the same batch, in fewer pixels if `side` is smaller."""

    def __init__(self, art, pool, batch, seed, side=FRAME, source="train", white_only=False):
        self.art, self.pool, self.batch, self.seed, self.side = art, pool, batch, seed, side
        self.source, self.white_only = source, white_only

    def __getitem__(self, number):
        """images uint8 [batch, side, side, 3] RGB, labels int64 [batch], mirrored bool [batch].

        `mirrored` only marks the images to flip, so that networks trained with and without flips share one batch.
        """
        rng = np.random.default_rng((self.seed, number))
        images = np.empty((self.batch, self.side, self.side, 3), dtype=np.uint8)
        labels = np.empty(self.batch, dtype=np.int64)
        for place in range(self.batch):
            labels[place] = self.draw(rng, images[place])
        return images, labels, rng.random(self.batch) < 0.5

    def draw(self, rng, target):
        if self.source == "held-out":
            label = self.art.held_out_classes[int(rng.integers(len(self.art.held_out_classes)))]
            pictures = self.art.held_out[label]
        else:
            label = int(rng.integers(len(self.art.classes)))
            pictures = self.art.train[label]
        picture = pictures[int(rng.integers(len(pictures)))]
        box, crop = object_and_crop(rng, picture.width / picture.height)
        frame = self.background(rng)
        paste_object(frame, picture, box, crop, rng.random() < HARD_ALPHA_SHARE)
        target[:] = np.asarray(frame)
        return label

    def background(self, rng):
        kind, size = rng.random(), (self.side, self.side)
        if self.white_only or kind < WHITE_SHARE:
            return Image.new("RGB", size, (255, 255, 255))
        if kind < WHITE_SHARE + PLAIN_SHARE:
            return Image.new("RGB", size, random_colour(rng))
        row, col = rng.integers(0, BACKGROUND_SIDE - FRAME + 1, 2)
        picture = self.pool[int(rng.integers(len(self.pool)))]
        image = Image.fromarray(np.ascontiguousarray(picture[row : row + FRAME, col : col + FRAME]))
        return image if self.side == FRAME else image.resize(size, Image.BILINEAR)
