"""Exports torchvision's networks, with random weights, as PyTorch's users do.

Usage: python3 export_torchvision.py FOLDER [NETWORK ...]

Writes FOLDER/NETWORK-OPSET.onnx, with an open batch, for bench/forms.mjs. Needs Debian's python3-torchvision and
python3-onnx.
"""
import sys
import warnings
from pathlib import Path

import torch
import torchvision

NETWORKS = ["resnet18", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "densenet121", "vgg11_bn",
            "shufflenet_v2_x1_0", "mobilenet_v3_small", "googlenet", "regnet_y_400mf"]
OPERATOR_SETS = [13, 17]

warnings.filterwarnings("ignore")
folder, *chosen = sys.argv[1:]
Path(folder).mkdir(parents=True, exist_ok=True)
for name in chosen or NETWORKS:
    torch.manual_seed(0)
    network = torchvision.models.get_model(name, weights=None).eval()
    for operator_set in OPERATOR_SETS:
        path = Path(folder) / f"{name}-{operator_set}.onnx"
        names = {"input_names": ["input"], "output_names": ["output"]}
        open_batch = {"input": {0: "N"}, "output": {0: "N"}}
        images = torch.zeros(2, 3, 224, 224)
        torch.onnx.export(network, images, str(path), opset_version=operator_set, dynamic_axes=open_batch, **names)
