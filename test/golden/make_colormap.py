"""Makes the colours of matplotlib (Debian: python3-matplotlib).

colormap.json has "hot" as imshow draws it: `entries` are the 256 colours of the map, `samples` pairs of a value and the
colour that imshow gives it between the limits 0.88 and 1.

    python3 test/golden/make_colormap.py
"""
import json
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import cm, colors


def entries(name):
    return matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3].tolist()


mapping = cm.ScalarMappable(colors.Normalize(0.88, 1), "hot")
values = np.linspace(0.85, 1.03, 181)
samples = list(zip(values.tolist(), mapping.to_rgba(values, bytes=True)[:, :3].tolist()))
document = {"entries": entries("hot"), "samples": samples}
text = json.dumps({"matplotlib": matplotlib.__version__, **document}, separators=(",", ":"))
(Path(__file__).parent / "colormap.json").write_text(text)
