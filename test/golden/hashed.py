"""Bytes, pictures and features by formula, which the tests make too."""
import numpy as np


def hashed(index):
    """A byte, as uint64, for each whole number."""
    value = index.astype(np.uint64) * np.uint64(2654435761) % np.uint64(4294967296)
    value = ((value >> np.uint64(15)) ^ value) * np.uint64(2246822519) % np.uint64(4294967296)
    return value >> np.uint64(24)


def picture(rows, cols, seed):
    """RGBA, [rows, cols, 4]."""
    return hashed(np.arange(rows * cols * 4) + seed).astype(np.uint8).reshape(rows, cols, 4)


def features(rows, cols, dims, signal, scale, repeat):
    """Noise of 8 bits plus the position times signal, all of it exact in float32: the same on every machine."""
    row, col, dim = np.meshgrid(np.arange(rows) // repeat, np.arange(cols) // repeat, np.arange(dims), indexing="ij")
    noise = hashed((row * 1000 + col) * 1000 + dim).astype(np.int64) - 128
    place = row * (dim % 3 - 1) + col * ((dim + 1) % 3 - 1)
    return (noise + signal * place) / 64 * scale
