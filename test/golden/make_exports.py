"""Makes test/golden/exports/*.onnx: networks of torchvision's blocks, narrow so that the files are small, as torch exports them.

    python3 test/golden/make_exports.py

ResNet-18 and SqueezeNet have all their layers with fewer channels, the vision transformer fewer layers; images are 64 pixels
wide. Weights are random, with batch statistics of random images.
"""

from pathlib import Path

import torch
from torch import nn
from torchvision.models import VisionTransformer
from torchvision.models.resnet import BasicBlock
from torchvision.models.squeezenet import Fire

FOLDER = Path(__file__).parent / "exports"
FOLDER.mkdir(exist_ok=True)
SIDE = 64
torch.manual_seed(1)


def resnet18(width):
    def stage(inputs, outputs, stride):
        shortcut = None
        if stride > 1:
            shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        return nn.Sequential(BasicBlock(inputs, outputs, stride, shortcut), BasicBlock(outputs, outputs))

    return nn.Sequential(
        nn.Conv2d(3, width, 7, 2, 3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        stage(width, width, 1),
        stage(width, 2 * width, 2),
        stage(2 * width, 4 * width, 2),
        stage(4 * width, 8 * width, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8 * width, 20),
    )


def squeezenet(width):
    def fire(inputs, part):
        return Fire(inputs, part, 2 * part, 2 * part)

    return nn.Sequential(
        nn.Conv2d(3, 4 * width, 3, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        fire(4 * width, width),
        fire(4 * width, width),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        fire(4 * width, 2 * width),
        fire(8 * width, 2 * width),
        nn.Conv2d(8 * width, 20, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


NETWORKS = {
    "resnet18": resnet18(8),
    "squeezenet": squeezenet(4),
    "vit": VisionTransformer(
        image_size=SIDE, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=20
    ),
}

for name, network in NETWORKS.items():
    network.train()
    with torch.no_grad():
        for _ in range(5):
            network(torch.randn(16, 3, SIDE, SIDE))
    network.eval()
    torch.onnx.export(
        network,
        torch.randn(1, 3, SIDE, SIDE),
        FOLDER / f"{name}.onnx",
        input_names=["image"],
        output_names=["feature"],
        dynamic_axes={"image": {0: "N"}, "feature": {0: "N"}},
        opset_version=17,
    )
