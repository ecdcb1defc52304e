"""How fast does a network's answer change when the object moves sideways?

    python3 plot.py        # writes similarity.png

Runs one patch through one network on the command line, and reads the features with NumPy. Plots the cosines with the
middle position along the middle row, with a line for each layer.
"""

import json
import subprocess
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

out = Path("features")
command = ["npx", "shiftscope", "extract", "--model", "tiny-alexnet", "--patch", "dog", "--size", "75"]
ended = subprocess.run([*command, "--stride", "5", "--out", out, "--json"], check=True, stdout=subprocess.PIPE)
extraction = json.loads(ended.stdout)

figure, axes = plt.subplots(figsize=(7, 4))
for layer in extraction["layers"]:
    features = np.load(layer["file"])  # [rows, cols, dims]
    middle = features[features.shape[0] // 2]
    directions = middle / np.linalg.norm(middle, axis=1, keepdims=True)
    cosines = directions @ directions[len(directions) // 2]
    pixels = (np.arange(len(cosines)) - len(cosines) // 2) * extraction["stride"]
    axes.plot(pixels, cosines, label=layer["name"])
    print(f"{layer['name']}: lowest cosine {cosines.min():.3f}")
axes.set(xlabel="sideways shift of the object in pixels", ylabel="cosine with the middle", title=extraction["model"])
axes.legend()
figure.savefig("similarity.png", dpi=150)
print("similarity.png")
