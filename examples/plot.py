"""How fast does a network's answer change when the object moves sideways?

    python3 plot.py        # writes similarity.png

One patch goes through one network by the command line; NumPy reads the features, and the cosines with the feature of the
middle are plotted along the middle row, a line for each layer.
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
    print(f"{layer['name']}: cosine {cosines.min():.3f} at least")
axes.set(xlabel="object moved sideways by so many pixels", ylabel="cosine with the middle", title=extraction["model"])
axes.legend()
figure.savefig("similarity.png", dpi=150)
print("similarity.png")
