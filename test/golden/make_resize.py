"""Makes resize.json: pictures by formula, resized by OpenCV (Debian: python3-opencv), as SHA-256 of the result.

Usage: python3 make_resize.py > resize.json
"""
import hashlib
import json
import sys

import cv2

from hashed import picture

cv2.setNumThreads(1)
sizes = [(1, 1), (2, 3), (7, 5), (31, 90), (75, 75), (100, 100), (150, 150), (149, 151), (230, 250), (256, 61), (300, 40), (640, 480)]
cases = []
for seed, (rows, cols) in enumerate(sizes):
    for size in (1, 2, 75, 125):
        resized = cv2.resize(picture(rows, cols, seed), (size, size), interpolation=cv2.INTER_LINEAR)
        digest = hashlib.sha256(resized.tobytes()).hexdigest()
        cases.append({"rows": rows, "cols": cols, "seed": seed, "size": size, "sha256": digest, "first": resized.flatten()[:8].tolist()})
json.dump({"opencv": cv2.__version__, "cases": cases}, sys.stdout, separators=(",", ":"))
