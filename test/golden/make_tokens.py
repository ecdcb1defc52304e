"""Makes test/golden/tokens/*.onnx, tiny transformers with random weights as torch exports them, and expected.json.

    python3 test/golden/make_tokens.py

expected.json has PyTorch's maps [channels, rows, cols] of an object in the center of a white frame, and the equivariance
errors that NumPy computes from PyTorch's maps as in make_equivariance.py. The networks are a Swin Transformer, whose maps have
their channels last, a vision transformer with a class token, and one with a class token, four registers, LayerScale and
interpolated positions, as in DINOv2.

Made with torch 2.6, torchvision 0.21, numpy 2.2.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision.models import SwinTransformer, VisionTransformer

FOLDER = Path(__file__).parent / "tokens"
FOLDER.mkdir(exist_ok=True)
SIZE = 12
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
torch.manual_seed(1)


class Block(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.heads = 2
        self.norm1, self.norm2 = nn.LayerNorm(dims), nn.LayerNorm(dims)
        self.qkv, self.project = nn.Linear(dims, 3 * dims), nn.Linear(dims, dims)
        self.grow, self.shrink = nn.Linear(dims, 2 * dims), nn.Linear(2 * dims, dims)
        self.scale1, self.scale2 = nn.Parameter(torch.rand(dims)), nn.Parameter(torch.rand(dims))

    def forward(self, x):
        n, count, dims = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(n, count, 3, self.heads, dims // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = qkv[0], qkv[1], qkv[2]
        weights = (query @ key.transpose(-2, -1) / (dims // self.heads) ** 0.5).softmax(-1)
        x = x + self.scale1 * self.project((weights @ value).transpose(1, 2).reshape(n, count, dims))
        return x + self.scale2 * self.shrink(nn.functional.gelu(self.grow(self.norm2(x))))


class Registers(nn.Module):
    """Like DINOv2 with four registers. It gives all tokens, then the class scores."""

    def __init__(self, side=56, patch=14, dims=8, depth=2, classes=20, registers=4, grid=5):
        super().__init__()
        self.side, self.grid = side // patch, grid
        self.embed = nn.Conv2d(3, dims, patch, patch)
        self.first = nn.Parameter(torch.randn(1, 1, dims))
        self.registers = nn.Parameter(torch.randn(1, registers, dims))
        self.position = nn.Parameter(torch.randn(1, 1 + grid * grid, dims))
        self.blocks = nn.Sequential(*[Block(dims) for _ in range(depth)])
        self.norm = nn.LayerNorm(dims)
        self.head = nn.Linear(2 * dims, classes)

    def positions(self, x):
        map = self.position[:, 1:].reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
        map = nn.functional.interpolate(map, size=(self.side, self.side), mode="bicubic")
        return torch.cat([self.position[:, :1], map.permute(0, 2, 3, 1).flatten(1, 2)], 1)

    def forward(self, image):
        x = self.embed(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.positions(x)
        x = torch.cat([x[:, :1], self.registers.expand(x.shape[0], -1, -1), x[:, 1:]], 1)
        tokens = self.blocks(x)
        x = self.norm(tokens)
        return tokens, self.head(torch.cat([x[:, 0], x[:, 1 + self.registers.shape[1] :].mean(1)], 1))


class Vit(VisionTransformer):
    def forward(self, image):
        x = self._process_input(image)
        tokens = self.encoder(torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1))
        return tokens, self.heads(tokens[:, 0])


class Swin(SwinTransformer):
    def forward(self, image):
        stages, x = [], image
        for stage in self.features:
            x = stage(x)
            stages.append(x)
        return stages[1], stages[3], self.head(self.flatten(self.avgpool(self.permute(self.norm(x)))))


def tokens_after(count):
    """The map behind `count` tokens."""

    def of(x):
        side = round((x.shape[1] - count) ** 0.5)
        return x[:, count:].transpose(1, 2).reshape(len(x), -1, side, side)

    return of


def channels_last(x):
    return x.permute(0, 3, 1, 2)


# By name: the network, the side of its image, its set of operators, and its maps by output with their strides.
NETWORKS = {
    "vit": (
        Vit(image_size=64, patch_size=16, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=20),
        64,
        17,
        {"tokens": (tokens_after(1), 16)},
    ),
    "registers": (Registers(), 56, 13, {"tokens": (tokens_after(5), 14)}),
    "swin": (
        Swin(patch_size=[4, 4], embed_dim=8, depths=[1, 2], num_heads=[1, 2], window_size=[2, 2], num_classes=20),
        32,
        17,
        {"stage1": (channels_last, 4), "stage2": (channels_last, 8)},
    ),
}


def frame(side, row=None, col=None):
    image = np.full((side, side, 3), 255)
    if row is not None:
        rgba = (np.arange(SIZE * SIZE * 4) * 37 % 256).reshape(SIZE, SIZE, 4)
        part = image[row : row + SIZE, col : col + SIZE]
        part[:] = np.where(rgba[..., 3:] >= 128, rgba[..., :3], part)
    return torch.tensor((image / 255 - MEAN) / STD).permute(2, 0, 1)


def errors(stride, room, still, right, down):
    found = []
    for dx in range(1, min(2, room // stride) * stride + 1):
        cells = np.arange(still.shape[1])
        back = np.sinc(cells[None, :] - cells[:, None] - dx / stride)
        moved = np.einsum("ij,crj->cri", back, right[dx - 1]), np.einsum("ij,cjw->ciw", back, down[dx - 1])
        found.append(np.mean([np.linalg.norm(one - still) for one in moved]) / np.linalg.norm(still))
    whole = [0, *found[stride - 1 :: stride]]
    border = np.interp(np.arange(1, len(found) + 1), stride * np.arange(len(whole)), whole)
    return [error(i + 1, found[i], border[i]) for i in range(len(found))]


def error(dx, total, border):
    aliasing = None if total < border else float(np.sqrt(total**2 - border**2))
    return {"dx": dx, "total": float(total), "border": float(border), "aliasing": aliasing}


def golden(network, side, layers):
    center = (side - SIZE) // 2
    room = -(-(side - SIZE) // 2)
    steps = range(1, room + 1)
    frames = [frame(side), frame(side, center, center)]
    frames += [frame(side, center, center + dx) for dx in steps] + [frame(side, center + dx, center) for dx in steps]
    with torch.no_grad():
        outputs = network.double()(torch.stack(frames))
    found = {}
    for (name, (map_of, stride)), output in zip(layers.items(), outputs):
        blank, *maps = map_of(output).numpy()
        still, *moved = [one - blank for one in maps]
        found[name] = {
            "map": np.round(maps[0], 7).tolist(),
            "stride": stride,
            "equivariance": errors(stride, room, still, moved[:room], moved[room:]),
        }
    return found


def export(network, side, operators, outputs, path):
    torch.onnx.export(
        network.float(),
        torch.randn(1, 3, side, side),
        path,
        input_names=["image"],
        output_names=outputs,
        dynamic_axes={name: {0: "N"} for name in ["image", *outputs]},
        opset_version=operators,
        dynamo=False,
    )


if __name__ == "__main__":
    expected = {}
    for name, (network, side, operators, layers) in NETWORKS.items():
        for parameter in network.parameters():
            # Some start at zero or near it, which would hide what they do.
            parameter.data += 0.3 * torch.randn(parameter.shape)
        network.eval()
        export(network, side, operators, [*layers, "scores"], FOLDER / f"{name}.onnx")
        expected[name] = golden(network, side, layers)
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")
