"""Makes readout.json: scikit-learn's ridge regression, its penalty chosen by leave-one-out, reads rows and columns out of features
made by formula, and is tested on bands and steps of rows and columns.

Usage: python3 make_readout.py > readout.json
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.linear_model import RidgeCV

from hashed import features


def tests(pixels, stride):
    middle = pixels.max() / 2
    for width in (8, 16, 32, 64):
        if width >= 2 * stride:
            yield f"{width}px bands", np.floor((pixels - middle) / width + 0.5) % 2 != 0
    for step in (4, 8, 14):
        if step > stride and step % stride == 0:
            yield f"every {step}px", pixels % step == 0


def read(x, pixels, trained):
    centred = x[trained] - x[trained].mean(0)
    alphas = 10 ** np.arange(-8, 1.1, 0.5) * (centred**2).sum(1).mean()
    predicted = RidgeCV(alphas, gcv_mode="eigen").fit(centred, pixels[trained]).predict(x[~trained] - x[trained].mean(0))
    true = pixels[~trained]
    distances = np.abs(true[:, None] - np.unique(pixels[trained])).min(1)
    medians = [[int(at), round(np.median(predicted[true == at]), 6)] for at in np.unique(true)]
    return {"error": np.median(np.abs(predicted - true)), "distance": np.median(distances), "predictions": medians}


cases = []
for stride, shape in [
    (4, dict(rows=20, cols=20, dims=40, signal=8, scale=1, repeat=1)),
    (7, dict(rows=12, cols=15, dims=250, signal=1, scale=2**-10, repeat=1)),
    (3, dict(rows=24, cols=12, dims=30, signal=4, scale=2**10, repeat=2)),
]:
    x = features(**shape).reshape(-1, shape["dims"])
    rows, cols = np.meshgrid(np.arange(shape["rows"]), np.arange(shape["cols"]), indexing="ij")
    results = [
        {"axis": axis, "test": name, **read(x, pixels, trained)}
        for axis, pixels in (("row", rows.ravel() * stride), ("col", cols.ravel() * stride))
        for name, trained in tests(pixels, stride)
        if len(np.unique(pixels[trained])) >= 4 and not trained.all()
    ]
    cases.append({"shape": shape, "stride": stride, "results": results})

json.dump({"sklearn": sklearn.__version__, "cases": cases}, sys.stdout, separators=(",", ":"))
