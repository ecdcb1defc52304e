"""scikit-learn's side of degenerate_grids.mjs.

Reads grids from standard input: int32 rows, cols, dims, then float32 [rows, cols, dims]. Answers each with a line of
JSON, {task: [{"least", "most", "objective", "converged"}]}, for the five ordered folds of SVC(kernel="linear", C=1,
tol=1e-8).

The true accuracy is between `least` and `most`, because some samples may be in either class. Their decision value is
nearer to 0 than 1e-5 or than the error of the solution, or several intercepts are optimal and give different classes.
The objective is strongly convex in w, so w is within sqrt(2 gap) of the optimum, where gap is the duality gap. This gap
is never exactly 0, because libsvm keeps its kernel in float32.
"""
import json
import sys
import warnings

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

warnings.simplefilter("ignore")


def validate(x, y):
    folds = []
    for train, test in StratifiedKFold(5).split(x, y):
        model = SVC(kernel="linear", C=1, tol=1e-8, max_iter=2_000_000).fit(x[train], y[train])
        # Computed from the dual coefficients, because libsvm's own weights may be rounded.
        w, b = model.dual_coef_[0] @ x[train][model.support_], model.intercept_[0]
        objective = w @ w / 2 + np.maximum(0, 1 - np.where(y[train], 1, -1) * (x[train] @ w + b)).sum()
        gap = max(0, objective - (np.abs(model.dual_coef_).sum() - w @ w / 2))
        low, high = (x[test] @ w + one for one in optimal_intercepts(x[train] @ w, np.where(y[train], 1, -1), b))
        margin = 1e-5 + np.sqrt(2 * gap) * np.linalg.norm(x[test] - x[train].mean(axis=0), axis=1)
        near = ~((low > margin) | (high < -margin))
        right = np.mean(~near & ((low > 0) == y[test]))
        folds.append(
            {
                "least": float(right),
                "most": float(right + np.mean(near)),
                "objective": float(objective),
                "converged": bool(model.fit_status_ == 0),
            }
        )
    return folds


def optimal_intercepts(f, y, b):
    """The smallest and the largest intercept with the loss of b. The loss is linear between samples with margin 1."""

    def loss(intercept):
        return np.maximum(0, 1 - y * (f + intercept)).sum()

    as_good = [one for one in np.append(y - f, b) if loss(one) <= loss(b) + 1e-9 * (1 + loss(b))]
    return min(as_good), max(as_good)


while header := sys.stdin.buffer.read(12):
    rows, cols, dims = np.frombuffer(header, np.int32)
    x = np.frombuffer(sys.stdin.buffer.read(int(rows * cols * dims) * 4), np.float32).reshape(rows * cols, dims)
    row, col = np.divmod(np.arange(rows * cols), cols)
    tasks = {"left-right": col >= cols / 2, "top-bottom": row >= rows / 2}
    print(json.dumps({task: validate(x.astype(np.float64), y) for task, y in tasks.items()}), flush=True)
