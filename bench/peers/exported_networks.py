"""Compares `shiftscope extract` with ONNX Runtime in Python on networks that torch exported.

    python3 bench/peers/export_networks.py FOLDER
    python3 bench/peers/exported_networks.py FOLDER [NETWORK …]

A picture of noise with holes is moved over white, at nine positions, with three recipes of the input; this script draws
the images in NumPy. For each network and recipe, it prints the largest distance of the features relative to their
length. For float16 and 8 bits, it also prints the distance from the network in float32. ONNX Runtime and the onnx
package conflict in one process, hence two scripts. Made with onnxruntime 1.21, NumPy 2.2, Pillow 11.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

MAIN = Path(__file__).parents[2] / "dist" / "cli" / "main.js"
SIZE, STRIDE, FRAME = 75, 50, 224
RECIPES = {
    "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 255, "rgb"),
    "clip": ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711], 255, "rgb"),
    "inception bgr": ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], 255, "bgr"),
}
RAW = {"raw": ([0, 0, 0], [1, 1, 1], 1, "rgb")}
TYPES = {"tensor(float16)": np.float16, "tensor(uint8)": np.uint8, "tensor(double)": np.float64}


def images(patch, recipe):
    mean, std, divisor, order = recipe
    offsets = range(0, FRAME - SIZE + 1, STRIDE)
    made = np.full((len(offsets) ** 2, FRAME, FRAME, 3), 255, np.float32)
    opaque = patch[..., 3:] >= 128
    for index, (row, col) in enumerate((row, col) for row in offsets for col in offsets):
        place = made[index, row : row + SIZE, col : col + SIZE]
        place[:] = np.where(opaque, patch[..., :3], place)
    values = (made / np.float32(divisor) - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray((values[..., ::-1] if order == "bgr" else values).transpose(0, 3, 1, 2), np.float32)


def expected(path, batch):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    if given.shape[3] == 3:
        batch = batch.transpose(0, 2, 3, 1)
    batch = np.ascontiguousarray(batch, TYPES.get(given.type, np.float32))
    size = given.shape[0] if isinstance(given.shape[0], int) else len(batch)
    output = session.get_outputs()[-1].name
    parts = [session.run([output], {given.name: batch[at : at + size]})[0] for at in range(0, len(batch), size)]
    return np.concatenate(parts).astype(np.float64).reshape(len(batch), -1)


def computed(path, picture, name, folder):
    command = ["node", MAIN, "extract", "--model", path, "--patch", picture, "--size", SIZE, "--stride", STRIDE]
    preset, *order = name.split()
    command += ["--input", preset, *(["--input-order", *order] if order else []), "--reuse", "off", "--out", folder, "--json"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    features = np.load(json.loads(done.stdout)["layers"][-1]["file"])
    return features.reshape(-1, features.shape[-1]).astype(np.float64)


def distance(found, wanted):
    return (np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)).max()


def main():
    folder = Path(sys.argv[1])
    chosen = sys.argv[2:] or sorted(path.name.split(".")[0] for path in folder.glob("*.names.json"))
    random = np.random.default_rng(1)
    patch = random.integers(0, 256, (SIZE, SIZE, 4), np.uint8)
    with tempfile.TemporaryDirectory() as scratch:
        picture = Path(scratch) / "noise.png"
        Image.fromarray(patch, "RGBA").save(picture)
        for network in chosen:
            for model in json.loads((folder / f"{network}.names.json").read_text()):
                path = folder / f"{model}.onnx"
                for name, recipe in (RAW if model.endswith("uint8") else RECIPES).items():
                    batch = images(patch, recipe)
                    found = computed(path, picture, name, Path(scratch) / f"{model}-{name}")
                    line = f"{model:28} {name:13} {distance(found, expected(path, batch)):.1e}"
                    if model.endswith(("float16", "qdq")):
                        line += f"   from float32 {distance(found, expected(folder / f'{network}.onnx', batch)):.1e}"
                    print(line, flush=True)


main()
