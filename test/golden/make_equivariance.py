"""Makes test/golden/equivariance.json: equivariance errors that PyTorch and NumPy give for a small network.

An object of 24 pixels, given by formula, moves over white in a frame of 64. The network (see equivariance.program.test.ts) has
strides of 2, 4 and 8; its weights are given by formula, too. Here the map is moved back by a matrix.

    python3 test/golden/make_equivariance.py

Made with torch 2.6, numpy 2.2.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from rounded import rounded

FRAME, SIZE, CENTER, ROOM = 64, 24, 20, 20
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def weights(*shape):
    return torch.sin(torch.arange(np.prod(shape), dtype=torch.float64)).reshape(shape)


def maps(image):
    """By total stride."""
    first = functional.relu(functional.conv2d(image, weights(6, 3, 5, 5), stride=2, padding=2))
    second = functional.max_pool2d(first, 2)
    third = functional.conv2d(second, weights(5, 6, 3, 3), stride=2, padding=1)
    return {2: first, 4: second, 8: third}


def frame(row=None, col=None):
    image = np.full((FRAME, FRAME, 3), 255)
    if row is not None:
        rgba = (np.arange(SIZE * SIZE * 4) * 37 % 256).reshape(SIZE, SIZE, 4)
        part = image[row : row + SIZE, col : col + SIZE]
        part[:] = np.where(rgba[..., 3:] >= 128, rgba[..., :3], part)
    return torch.tensor((image / 255 - MEAN) / STD).permute(2, 0, 1)[None]


def changes(*position):
    blank, moved = maps(frame()), maps(frame(*position))
    return {stride: (moved[stride] - blank[stride])[0].numpy() for stride in moved}


def errors(stride, still, right, down):
    found = []
    for dx in range(1, min(2, ROOM // stride) * stride + 1):
        cells = np.arange(still.shape[1])
        back = np.sinc(cells[None, :] - cells[:, None] - dx / stride)
        moved = np.einsum("ij,crj->cri", back, right[dx]), np.einsum("ij,cjw->ciw", back, down[dx])
        found.append(np.mean([np.linalg.norm(one - still) for one in moved]) / np.linalg.norm(still))
    whole = [0, *found[stride - 1 :: stride]]
    border = np.interp(np.arange(1, len(found) + 1), stride * np.arange(len(whole)), whole)
    return [error(i + 1, found[i], border[i]) for i in range(len(found))]


def error(dx, total, border):
    aliasing = None if total < border else float(np.sqrt(total**2 - border**2))
    return {"dx": dx, "total": float(total), "border": float(border), "aliasing": aliasing}


still = changes(CENTER, CENTER)
right = [changes(CENTER, CENTER + dx) for dx in range(ROOM + 1)]
down = [changes(CENTER + dx, CENTER) for dx in range(ROOM + 1)]
golden = {s: errors(s, still[s], [one[s] for one in right], [one[s] for one in down]) for s in still}
(Path(__file__).parent / "equivariance.json").write_text(json.dumps(rounded(golden)))
