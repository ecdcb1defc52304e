"""Makes test/golden/networks/*.npy: features that PyTorch gives for the networks that src/networks builds.

The networks have an eighth of their channels. Weights and images are given by formulas (test/support/formulas.ts has
the same), so that only features are stored, and of the full networks a digest of the names and shapes of their weights.
The anti-aliased networks are put together here from torchvision's, independently of src/networks.

    python3 test/golden/make_networks.py [BERRY.png MOBILENET_V2.pth]

With the two files it also makes mobilenet_v2-dequantised.npy: three composites of the picture, on white.
Made with torch 2.6, torchvision 0.21, numpy.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn

FOLDER = Path(__file__).parent / "networks"
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


class Blur(nn.Module):
    """Reflection padding 2, binomial 5x5 filter, stride 2; the filter is part of the state dict."""

    def __init__(self, channels):
        super().__init__()
        row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
        self.register_buffer("filt", (torch.outer(row, row) / 256).repeat(channels, 1, 1, 1))

    def forward(self, x):
        padded = nn.functional.pad(x, (2, 2, 2, 2), mode="reflect")
        return nn.functional.conv2d(padded, self.filt, stride=2, groups=x.shape[1])


def alexnet_antialiased():
    network = torchvision.models.alexnet()
    old = network.features
    relu, pool = (lambda: nn.ReLU(inplace=True)), (lambda: nn.MaxPool2d(3, stride=1))
    first = nn.Conv2d(3, 64, kernel_size=11, stride=2, padding=2)
    network.features = nn.Sequential(
        first, relu(), Blur(64), pool(), Blur(64),
        old[3], relu(), pool(), Blur(192),
        old[6], relu(), old[8], relu(), old[10], relu(), pool(), Blur(256),
    )  # fmt: skip
    return network


def resnet50_antialiased():
    network = torchvision.models.resnet50()
    network.maxpool = nn.Sequential(nn.MaxPool2d(kernel_size=2, stride=1), Blur(64))
    for layer in (network.layer2, network.layer3, network.layer4):
        block = layer[0]
        block.conv2.stride = (1, 1)
        block.conv3 = nn.Sequential(Blur(block.conv3.in_channels), block.conv3)
        projection, norm = block.downsample
        projection.stride = (1, 1)
        block.downsample = nn.Sequential(Blur(projection.in_channels), projection, norm)
    return network


def mobilenet_v2_antialiased():
    network = torchvision.models.mobilenet_v2()
    for index in (2, 4, 7, 14):
        expand, depthwise, project, norm = network.features[index].conv
        depthwise[0].stride = (1, 1)
        blur = Blur(depthwise[0].out_channels)
        network.features[index].conv = nn.Sequential(expand, depthwise, blur, project, norm)
    network.classifier = nn.Sequential(network.classifier[1])
    return network


def width(channels):
    """An eighth of the channels; those of pictures and the classes stay. Full networks are too large for a test."""
    return channels if channels in (3, 1000) else channels // 8


def narrow(network):
    """The network with every convolution, normalisation, filter and linear layer replaced by a narrow one."""
    for name, module in network.named_children():
        if isinstance(module, nn.Conv2d):
            is_depthwise = module.groups == module.in_channels
            setattr(network, name, nn.Conv2d(
                width(module.in_channels), width(module.out_channels), module.kernel_size, module.stride,
                module.padding, groups=width(module.groups) if is_depthwise else module.groups,
                bias=module.bias is not None,
            ))  # fmt: skip
        elif isinstance(module, nn.BatchNorm2d):
            setattr(network, name, nn.BatchNorm2d(width(module.num_features)))
        elif isinstance(module, nn.Linear):
            setattr(network, name, nn.Linear(width(module.in_features), width(module.out_features)))
        elif isinstance(module, Blur):
            setattr(network, name, Blur(width(module.filt.shape[0])))
        else:
            narrow(module)
    return network


SQUEEZENET = {"fire9": "features.12", "pool10": "classifier"}
NETWORKS = {
    "alexnet": (torchvision.models.alexnet, {"fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}),
    "resnet18": (torchvision.models.resnet18, {"fc": "fc"}),
    "resnet34": (torchvision.models.resnet34, {"fc": "fc"}),
    "resnet50": (torchvision.models.resnet50, {"fc": "fc"}),
    "vgg16": (torchvision.models.vgg16, {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}),
    "mobilenet_v2": (torchvision.models.mobilenet_v2, {"fc": "classifier.1"}),
    "squeezenet1_0": (torchvision.models.squeezenet1_0, SQUEEZENET),
    "squeezenet1_1": (torchvision.models.squeezenet1_1, SQUEEZENET),
    "alexnet-aa": (alexnet_antialiased, {"fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}),
    "resnet50-aa": (resnet50_antialiased, {"fc": "fc"}),
    "mobilenet_v2-aa": (mobilenet_v2_antialiased, {"fc": "classifier.0"}),
}


# Deeper than a test of features needs; their blocks are those of the others.
DEEP = {name: getattr(torchvision.models, name) for name in ("resnet101", "resnet152")}


def parameters_digest(make):
    """SHA-256 of the lines "key [sizes]", sorted."""
    with torch.device("meta"):
        state = make().state_dict()
    lines = [f"{key} {list(tensor.shape)}" for key, tensor in state.items() if tensor.dtype == torch.float32]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def uniform(key, count):
    """Numbers in [0, 1) for a key: FNV-1a of the key, then MurmurHash3's finaliser of hash + golden ratio * index."""
    seed = 0x811C9DC5
    for byte in key.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + seed).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x / 2.0**32


def weight(key, shape):
    """float32 weights for a state dict's key: He's scale for weights, statistics around 1 for batch normalisation."""
    u = uniform(key, int(np.prod(shape)))
    name = key.rsplit(".", 1)[-1]
    if name == "filt":
        row = np.array([1.0, 4.0, 6.0, 4.0, 1.0])
        values = np.broadcast_to(np.outer(row, row) / 256, shape).ravel()
    elif len(shape) > 1:
        values = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name in ("weight", "running_var"):
        values = 0.5 + u
    else:
        values = 0.5 * u - 0.25
    return values.reshape(shape).astype(np.float32)


def test_images(side=224):
    """uint8 [2, side, side, 3]: a disc of 75 pixels at (20, 130), then one of 125 at (62, 31), on white."""
    frames = np.full((2, side, side, 3), 255, np.uint8)
    for frame, (size, top, left) in zip(frames, ((75, 20, 130), (125, 62, 31))):
        row, col = np.mgrid[0:size, 0:size]
        channel = np.arange(3)
        pattern = (row[..., None] * (3 + channel) + col[..., None] * (7 - 2 * channel) + 50 * channel) % 251
        inside = (2 * row + 1 - size) ** 2 + (2 * col + 1 - size) ** 2 <= size * size
        frame[top : top + size, left : left + size][inside] = pattern[inside]
    return frames


def normalise(frames):
    return torch.tensor(((frames * (1 / 255) - MEAN) / STD).astype(np.float32).transpose(0, 3, 1, 2).copy())


def features(network, taps, images):
    """The outputs of the named modules, before the activations in place that follow them; of maps, the means."""
    found = {}
    modules = dict(network.named_modules())
    for name, module in taps.items():
        modules[module].register_forward_hook(lambda _m, _i, out, name=name: found.update({name: out.clone().numpy()}))
    with torch.no_grad():
        network.eval()(images)
    return {name: values.mean((2, 3)) if values.ndim == 4 else values for name, values in found.items()}


def store(name, values):
    assert np.isfinite(values).all() and np.abs(values[0] - values[1]).max() > 0
    print(name, values.shape, "norm", np.linalg.norm(values), "difference", np.linalg.norm(values[0] - values[1]))
    np.save(FOLDER / f"{name}.npy", values.astype(np.float32))


def main():
    FOLDER.mkdir(exist_ok=True)
    images = normalise(test_images())
    for name, (make, taps) in NETWORKS.items():
        network = narrow(make())
        state = network.state_dict()
        for key, tensor in state.items():
            if tensor.dtype == torch.float32:
                tensor.copy_(torch.tensor(weight(key, tuple(tensor.shape))))
        for layer, values in features(network, taps, images).items():
            store(f"{name}-{layer}", values)
    makers = {name: make for name, (make, _) in NETWORKS.items()} | DEEP
    digests = {name: parameters_digest(make) for name, make in makers.items()}
    (FOLDER / "parameters.json").write_text(json.dumps(digests, indent=2) + "\n")
    if len(sys.argv) == 3:
        store_dequantised(sys.argv[1], sys.argv[2])


def store_dequantised(picture_path, checkpoint_path):
    from PIL import Image

    picture = np.array(Image.open(picture_path).convert("RGB"))
    rows, cols = picture.shape[:2]
    frames = np.full((3, 224, 224, 3), 255, np.uint8)
    for frame, (top, left) in zip(frames, ((0, 0), (61, 62), (124, 17))):
        frame[top : top + rows, left : left + cols] = picture
    network = torchvision.models.mobilenet_v2()
    network.load_state_dict(torch.load(checkpoint_path, weights_only=True))
    store("mobilenet_v2-dequantised", features(network, {"fc": "classifier.1"}, normalise(frames))["fc"])


if __name__ == "__main__":
    main()
