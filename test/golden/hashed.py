"""Bytes by formula, which the tests make too."""
import numpy as np


def hashed(index):
    """A byte, as uint64, for each whole number."""
    value = index.astype(np.uint64) * np.uint64(2654435761) % np.uint64(4294967296)
    value = ((value >> np.uint64(15)) ^ value) * np.uint64(2246822519) % np.uint64(4294967296)
    return value >> np.uint64(24)


def picture(rows, cols, seed):
    """RGBA, [rows, cols, 4]."""
    return hashed(np.arange(rows * cols * 4) + seed).astype(np.uint8).reshape(rows, cols, 4)
