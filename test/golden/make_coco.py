"""Makes coco.json: masks by COCO's definition in plain Python, and hard patches resized by OpenCV as the authors did.

Usage: python3 make_coco.py > coco.json   (Debian: python3-opencv)
"""
import base64
import hashlib
import itertools
import json
import sys

import cv2
import numpy as np

from hashed import picture

cv2.setNumThreads(1)


def chain(x0, y0, x1, y1):
    """All grid points of an edge, from its first vertex to its second."""
    wide = abs(x1 - x0) >= abs(y1 - y0)
    swap = x0 > x1 if wide else y0 > y1
    if swap:
        x0, y0, x1, y1 = x1, y1, x0, y0
    steps = x1 - x0 if wide else y1 - y0
    slope = 0.0 if steps == 0 else ((y1 - y0) if wide else (x1 - x0)) / steps
    points = [(x0 + t, int(y0 + slope * t + 0.5)) if wide else (int(x0 + slope * t + 0.5), y0 + t) for t in range(steps + 1)]
    return points[::-1] if swap else points


def polygon_mask(polygon, rows, cols):
    grid = [int(5 * v + 0.5) for v in polygon]
    vertices = list(zip(grid[0::2], grid[1::2]))
    points = [p for a, b in zip(vertices, vertices[1:] + vertices[:1]) for p in chain(*a, *b)]
    turns = np.zeros(rows * cols + 1, np.int64)
    for (u0, v0), (u1, v1) in zip(points, points[1:]):
        if u0 != u1 and (min(u0, u1) - 2) % 5 == 0 and 0 <= (min(u0, u1) - 2) // 5 < cols:
            row = int(np.ceil(min(max((min(v0, v1) + 0.5) / 5 - 0.5, 0), rows)))
            turns[(min(u0, u1) - 2) // 5 * rows + row] += 1
    return (np.cumsum(turns)[:-1] % 2).astype(np.uint8)


def runs(mask):
    values = [(value, len(list(group))) for value, group in itertools.groupby(mask.tolist())]
    return ([0] if values[0][0] == 1 else []) + [length for _, length in values]


random = np.random.default_rng(5)
masks = []
for i in range(24):
    rows, cols = (int(n) for n in random.integers(1, 60, 2))
    parts = [np.round(random.uniform(-12, 70, 2 * int(random.integers(3, 12))), 2).tolist() for _ in range(1 + i % 3)]
    union = np.bitwise_or.reduce([polygon_mask(p, rows, cols) for p in parts])
    masks.append({"name": f"polygons {i}", "rows": rows, "cols": cols, "segmentation": parts, "runs": runs(union)})
masks.append({"name": "run lengths", "rows": 4, "cols": 3, "segmentation": {"size": [4, 3], "counts": [2, 5, 5]}, "runs": [2, 5, 5]})

patches = []
for seed, (rows, cols) in enumerate([(40, 61), (37, 38), (75, 90), (150, 150), (149, 151), (250, 250), (301, 77), (8, 200)]):
    for block in (1, 5):
        hard = picture(rows, cols, seed)
        y, x = np.mgrid[0:rows, 0:cols]
        hard[..., 3] = hard[y // block * block, x // block * block, 3] & 1
        for size in (75, 125):
            out = cv2.resize(hard, (size, size))
            out[..., 3] *= 255
            patches.append({"rows": rows, "cols": cols, "seed": seed, "block": block, "size": size,
                            "opaque": int((out[..., 3] == 255).sum()), "sha256": hashlib.sha256(out.tobytes()).hexdigest()})
photo = cv2.resize(random.integers(0, 256, (6, 8, 3), dtype=np.uint8), (101, 81), interpolation=cv2.INTER_CUBIC)
jpeg = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
photo = {"jpeg": base64.b64encode(jpeg).decode(), "rows": 81, "cols": 101, "sha256": hashlib.sha256(decoded.tobytes()).hexdigest()}
json.dump({"opencv": cv2.__version__, "masks": masks, "patches": patches, "photo": photo}, sys.stdout, separators=(",", ":"))
