"""Makes colormap.json: matplotlib's "hot" as imshow draws it (Debian: python3-matplotlib).

`entries` are the 256 colours of the map, `samples` pairs of a value and the colour that imshow gives it between the
limits 0.88 and 1.

Usage: python3 make_colormap.py > colormap.json
"""
import json
import sys

import matplotlib
import numpy as np
from matplotlib import cm, colors

mapping = cm.ScalarMappable(colors.Normalize(0.88, 1), "hot")
values = np.linspace(0.85, 1.03, 181)
json.dump(
    {
        "matplotlib": matplotlib.__version__,
        "entries": matplotlib.colormaps["hot"](np.arange(256), bytes=True)[:, :3].tolist(),
        "samples": [
            [value, colour] for value, colour in zip(values.tolist(), mapping.to_rgba(values, bytes=True)[:, :3].tolist())
        ],
    },
    sys.stdout,
    separators=(",", ":"),
)
