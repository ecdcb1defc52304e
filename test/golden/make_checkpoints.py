"""Makes test/golden/checkpoints/*.pth, small files written by torch.save, and expected.json with what they hold.

    python3 test/golden/make_checkpoints.py

Made with torch 2.6.
"""

import json
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).parent / "checkpoints"


def module_state():
    """A module's state dict, with its _metadata and the scalar num_batches_tracked."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).state_dict()


def parameters():
    return {"weight": nn.Parameter(torch.arange(6.0).reshape(2, 3)), "bias": nn.Parameter(torch.tensor([0.5, -0.5]))}


def views():
    """Tensors that share a storage, with offsets and strides of all kinds, an empty one and a scalar."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    return {
        "whole": base,
        "transposed": base.permute(2, 0, 1),
        "slice": base[1, :, 1:3],
        "row": base[0, 2],
        "every second": base.flatten()[::2],
        "scalar": base[1, 1, 1],
        "empty": torch.zeros(0, 4),
        "unit axis": base[:, 1:2, :],
    }


def training_state():
    """What a training script saves: the state dict under a key, keys prefixed by DataParallel, and other things."""
    network = nn.DataParallel(nn.Linear(3, 2))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network.module(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"epoch": 90, "arch": "linear", "best": 56.5, "state_dict": network.state_dict(), "optimizer": optimizer.state_dict()}


def types():
    numbers = torch.tensor([[0.0, 1.5, -2.25], [65504.0, 2.0**-24, -0.125]])
    names = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
    whole = torch.tensor([[0, 1, 2], [100, 7, 3]])
    return {n: (numbers if "float" in n else whole).to(getattr(torch, n)) for n in names}


def describe(tensor):
    values = tensor.detach().to(torch.float64).flatten().tolist()
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": values}


def main():
    FOLDER.mkdir(exist_ok=True)
    expected = OrderedDict()
    makers = {"module": module_state, "parameters": parameters, "views": views, "training": training_state, "types": types}
    for name, make in makers.items():
        content = make()
        tensors = content.get("state_dict", content)
        described = {key.removeprefix("module."): describe(tensor) for key, tensor in tensors.items()}
        for form, is_zip in (("zip", True), ("legacy", False)):
            torch.save(content, FOLDER / f"{name}-{form}.pth", _use_new_zipfile_serialization=is_zip)
            expected[f"{name}-{form}.pth"] = described
    torch.save(nn.Linear(2, 2), FOLDER / "whole-module-zip.pth")
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
