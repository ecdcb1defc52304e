"""Makes svm.json: cross-validation of scikit-learn's linear support vector machines on features made by formula, and the
folds of its StratifiedKFold(5).

Usage: python3 make_svm.py > svm.json
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from hashed import features
from rounded import rounded


def classes(rows, cols):
    row, col = np.mgrid[0:rows, 0:cols]
    return {"left-right": (col >= cols / 2).astype(int).ravel(), "top-bottom": (row >= rows / 2).astype(int).ravel()}


def validate(x, y, C):
    accuracies, objectives = [], []
    for train, test in StratifiedKFold(5).split(x, y):
        model = SVC(kernel="linear", C=C, tol=1e-6).fit(x[train], y[train])
        w = model.coef_[0]
        slack = np.maximum(0, 1 - (2 * y[train] - 1) * model.decision_function(x[train]))
        accuracies.append(model.score(x[test], y[test]))
        objectives.append(w @ w / 2 + C * slack.sum())
    return {"accuracies": accuracies, "objectives": objectives}


SIZES = (
    (20, 20, 16, 8, 1, 1), (20, 20, 16, 0.5, 1, 1), (17, 23, 60, 4, 1, 1), (20, 30, 40, 8, 1, 2),
    (20, 20, 60, 16, 2**-10, 1), (20, 20, 60, 16, 2**10, 1), (12, 12, 400, 1, 1, 1),
)  # fmt: skip
cases = []
for shape in [dict(zip(("rows", "cols", "dims", "signal", "scale", "repeat"), sizes)) for sizes in SIZES] + ["positions"]:
    rows, cols = (100, 100) if shape == "positions" else (shape["rows"], shape["cols"])
    x = np.stack(np.mgrid[0:rows, 0:cols], -1) if shape == "positions" else features(**shape)
    x = x.reshape(rows * cols, -1).astype(np.float64)
    for C in (1,) if shape == "positions" else (1, 0.01):
        tasks = {task: validate(x, y, C) for task, y in classes(rows, cols).items()}
        cases.append({"shape": shape, "C": C, "tasks": tasks})


def rectangle(top, bottom, left, right):
    """Zeros but for a rectangle of equal features, [36, 35, 16]."""
    x = np.zeros((36, 35, 16), np.float32)
    x[top:bottom, left:right] = 0.1 + 0.9 * np.arange(16) / 15
    return x.reshape(36 * 35, 16).astype(np.float64)


def accuracy_ranges(x, y):
    """Of each fold: samples whose decision value is within 1e-5 of 0 may fall on either side."""
    ranges = []
    for train, test in StratifiedKFold(5).split(x, y):
        f = SVC(kernel="linear", C=1, tol=1e-8).fit(x[train], y[train]).decision_function(x[test])
        near = np.abs(f) <= 1e-5
        least = np.mean(~near & ((f > 0) == y[test]))
        ranges.append([least, least + np.mean(near)])
    return ranges


rectangles = []
for sides in [(10, 35, 0, 24), (0, 20, 10, 34), (5, 30, 5, 20), (18, 36, 0, 35), (0, 9, 3, 33)]:
    tasks = {task: accuracy_ranges(rectangle(*sides), y) for task, y in classes(36, 35).items()}
    rectangles.append({"sides": sides, "tasks": tasks})

folds = []
for rows, cols in [(10, 10), (100, 100), (7, 5), (15, 15), (23, 8), (4, 9), (11, 11)]:
    for task, y in classes(rows, cols).items():
        fold = np.zeros(rows * cols, int)
        for k, (_, test) in enumerate(StratifiedKFold(5).split(y, y)):
            fold[test] = k
        folds.append({"rows": rows, "cols": cols, "task": task, "folds": "".join(map(str, fold))})
golden = {"sklearn": sklearn.__version__, "cases": cases, "rectangles": rectangles, "folds": folds}
json.dump(rounded(golden), sys.stdout, separators=(",", ":"))
