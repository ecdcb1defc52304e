"""Makes viewer_colours.json: the 256 colours of matplotlib's viridis and cividis (Debian: python3-matplotlib).

Usage: python3 make_viewer_colours.py > viewer_colours.json
"""
import json
import sys

import matplotlib
import numpy as np

colours = {name: matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3].tolist() for name in ("viridis", "cividis")}
json.dump({"matplotlib": matplotlib.__version__, **colours}, sys.stdout, separators=(",", ":"))
