"""Times scikit-learn's linear support vector machine on the folds that bench/svm.mjs trained.

Usage: python3 svm.py FEATURES LABELS ROWS DIMS PROBLEMS C [PROBLEM ...]

FEATURES is float32 [rows, dims]. LABELS is int8 [problems, rows]: +1, -1, or 0 for samples outside the training set.
Both have no header. Trains the given problems [default: all], and prints one line of JSON:
{"sklearn", "problems": [{"problem", "seconds", "accuracy", "objective", "converged"}]}
The accuracy is that on the samples outside the training set; their classes come from the other problems' labels. The
seconds are those of `fit` alone.
"""
import json
import sys
import time

import numpy as np
import sklearn
from sklearn.svm import SVC

features_path, labels_path, rows, dims, problems, C, *chosen = sys.argv[1:]
rows, dims, problems, C = int(rows), int(dims), int(problems), float(C)
x = np.fromfile(features_path, np.float32).reshape(rows, dims).astype(np.float64)
labels = np.fromfile(labels_path, np.int8).reshape(problems, rows)

results = []
for problem in map(int, chosen or range(problems)):
    y = labels[problem]
    # Five problems in a row are the folds of one task. Each test sample has its class in the labels of the other folds.
    task = labels[problem - problem % 5 : problem - problem % 5 + 5]
    truth = np.sign(task.sum(axis=0, dtype=int))
    train, test = y != 0, y == 0
    model = SVC(kernel="linear", C=C)
    start = time.perf_counter()
    model.fit(x[train], y[train])
    seconds = time.perf_counter() - start
    w, b = model.coef_[0], model.intercept_[0]
    slack = np.maximum(0, 1 - y[train] * (x[train] @ w + b))
    objective = w @ w / 2 + C * slack.sum()
    accuracy = float(np.mean(np.where(x[test] @ w + b > 0, 1, -1) == truth[test]))
    results.append(
        {
            "problem": problem,
            "seconds": seconds,
            "accuracy": accuracy,
            "objective": float(objective),
            "converged": bool(model.fit_status_ == 0),
        }
    )
print(json.dumps({"sklearn": sklearn.__version__, "problems": results}))
