"""Writes the trained networks as ../tiny-alexnet[-aa|-noflip].onnx and checks the files.

    python3 export.py [--seed S] [--into FOLDER]

Batch normalisation is folded into the convolutions. Weight matrices are stored as int8 with one float32 scale per
output channel (symmetric, zero point 0). ONNX Runtime turns them into floats (Cast, Mul) when it loads the graph.
Biases are float32.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import network
import train
from samples import FRAME, Art, background_pool

OPSET = 17
IR_VERSION = 8
LARGEST_FILE = 4_000_000
NAMES = {"base": "tiny-alexnet", "aa": "tiny-alexnet-aa", "noflip": "tiny-alexnet-noflip"}
LICENCE = "MIT; trained from scratch on the art listed in models/CREDITS.md"


def quantised(weight, output_axis=0):
    """A float weight as int8 values, and their float32 scale per output channel, shaped to multiply them."""
    moved = weight.detach().double().movedim(output_axis, 0).numpy()
    rows = moved.reshape(len(moved), -1)
    scale = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    values = np.rint(rows / scale[:, None].astype(np.float64)).clip(-127, 127).astype(np.int8)
    shape = [1] * weight.dim()
    shape[output_axis] = len(scale)
    return np.moveaxis(values.reshape(moved.shape), 0, output_axis), scale.reshape(shape)


def dequantised(weight, output_axis=0):
    """The float32 weight that the exported graph computes by Cast and Mul."""
    values, scale = quantised(weight, output_axis)
    return torch.from_numpy(values.astype(np.float32) * scale)


class Graph:
    """Nodes and initializers in the order of computation."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def weight(self, name, weight, output_axis=0):
        values, scale = quantised(weight, output_axis)
        stored = self.constant(f"{name}.weight.int8", values)
        cast = self.node("Cast", [stored], f"{name}.weight.cast", to=TensorProto.FLOAT)
        return self.node("Mul", [cast, self.constant(f"{name}.weight.scale", scale)], f"{name}.weight")

    def bias(self, name, bias):
        return self.constant(f"{name}.bias", bias.detach().float().numpy())

    def model(self, name, inputs, outputs, metadata):
        """The ONNX model, checked. `inputs` and `outputs` map names of float32 values to their shapes."""

        def described(values):
            return [helper.make_tensor_value_info(value, TensorProto.FLOAT, shape) for value, shape in values.items()]

        proto = helper.make_model(
            helper.make_graph(self.nodes, name, described(inputs), described(outputs), self.initializers),
            producer_name="shiftscope",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(proto, metadata)
        onnx.checker.check_model(proto, full_check=True)
        return proto


def add_features(graph, model, maps):
    """Adds the convolutional part. Returns the name of its output [N, 64, 6, 6]."""
    conv = pool = blur = 0
    for layer in model.features:
        if isinstance(layer, network.ConvUnit):
            conv += 1
            name = f"conv{conv}"
            weight, bias = layer.folded()
            side, padding = layer.conv.kernel_size[0], layer.conv.padding[0]
            inputs = [maps, graph.weight(name, weight), graph.bias(name, bias)]
            maps = graph.node("Conv", inputs, name, kernel_shape=[side, side],
                              strides=list(layer.conv.stride), pads=[padding] * 4)  # fmt: skip
            maps = graph.node("Relu", [maps], f"relu{conv}")
        elif isinstance(layer, torch.nn.MaxPool2d):
            pool += 1
            side, stride = layer.kernel_size, layer.stride
            maps = graph.node("MaxPool", [maps], f"pool{pool}", kernel_shape=[side] * 2, strides=[stride] * 2)
        else:
            blur += 1
            pads = graph.constant(f"blur{blur}.pads", np.array([0, 0, 2, 2, 0, 0, 2, 2], dtype=np.int64))
            low_pass = graph.constant(f"blur{blur}.weight", layer.filter.numpy())
            maps = graph.node("Pad", [maps, pads], f"blur{blur}.padded", mode="reflect")
            maps = graph.node("Conv", [maps, low_pass], f"blur{blur}", kernel_shape=[5, 5],
                              strides=[2, 2], group=layer.channels)  # fmt: skip
    return maps


def add_classifier(graph, model, maps):
    """Adds fc6, fc7 and fc8. Their values before ReLU are outputs of the graph."""
    features = graph.node("Flatten", [maps], "flat", axis=1)
    for name, layer in (("fc6", model.fc6), ("fc7", model.fc7), ("fc8", model.fc8)):
        inputs = [features, graph.weight(name, layer.weight), graph.bias(name, layer.bias)]
        features = graph.node("Gemm", inputs, name, transB=1)
        if name != "fc8":
            features = graph.node("Relu", [features], f"{name}.relu")


def onnx_model(model, name, metadata):
    """Input `image` float32 [N, 3, 224, 224]; outputs `fc6`, `fc7`, `fc8` float32 [N, dims]."""
    graph = Graph()
    add_classifier(graph, model, add_features(graph, model, "image"))
    outputs = {layer: ["N", getattr(model, layer).out_features] for layer in ("fc6", "fc7", "fc8")}
    return graph.model(name, {"image": ["N", 3, FRAME, FRAME]}, outputs, metadata)


@torch.no_grad()
def quantise_in_place(model):
    """Gives the torch model exactly the exported weights. Batch normalisation then only adds the bias."""
    for layer in model.modules():
        if isinstance(layer, network.ConvUnit):
            weight, bias = layer.folded()
            layer.conv.weight.copy_(dequantised(weight))
            layer.norm.running_mean.zero_()
            layer.norm.running_var.fill_(1 - layer.norm.eps)
            layer.norm.weight.fill_(1)
            layer.norm.bias.copy_(bias)
        elif isinstance(layer, torch.nn.Linear):
            layer.weight.copy_(dequantised(layer.weight))


def validation(models, art):
    """Top-1 and top-5 accuracies of each variant on the samples of the training's last validation."""
    sources = train.validation_sources(art, background_pool(art))
    shares = train.validate(models, sources, train.LAST_VALIDATION_BATCHES)
    for model in models.values():
        model.eval()
    return {variant: {key: float(share) for key, share in own.items()} for variant, own in shares.items()}


def before(variant, seed):
    """Top-1 and top-5 accuracies of the trained float32 network, from the training's log."""
    with train.LOG.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["variant"], row["seed"]) == (variant, str(seed))]
    return rows[-1]


@torch.no_grad()
def write_reference(model, art, folder, name):
    """Stores inputs, and the quantised torch model's outputs, as raw float32 for check.mjs."""
    source = train.Samples(art, None, 16, train.VALIDATION_SEED, white_only=True)
    images = train.normalised(torch.from_numpy(source[0][0])).contiguous()
    maps = model.features(images).flatten(1)
    fc6 = model.fc6(maps)
    fc7 = model.fc7(torch.relu(fc6))
    outputs = {"image": images, "fc6": fc6, "fc7": fc7, "fc8": model.fc8(torch.relu(fc7))}
    store_reference(outputs, folder, name)


def store_reference(values, folder, name):
    for key, tensor in values.items():
        tensor.detach().contiguous().numpy().tofile(folder / f"{name}.{key}.f32")
    shapes = {key: list(tensor.shape) for key, tensor in values.items()}
    (folder / f"{name}.shapes.json").write_text(json.dumps(shapes))


def trained_model(variant, seed, art):
    trained = torch.load(train.trained_file(variant, seed), weights_only=True)
    if art.classes != trained["classes"]:
        raise SystemExit("the rendered art's classes differ from the training's: render the art again (render.mjs)")
    model = network.build(variant, len(trained["classes"]))
    model.load_state_dict(trained["model"])
    return model.eval().to(memory_format=torch.channels_last), trained["samples"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=train.SHIPPED_SEED)
    parser.add_argument("--into", type=Path, default=train.HERE.parent)
    arguments = parser.parse_args()
    train.keep_freed_memory()
    art = Art(train.WORK / "art")
    models, graphs, samples = {}, {}, {}
    for variant, name in NAMES.items():
        models[variant], samples[variant] = trained_model(variant, arguments.seed, art)
        graphs[variant] = onnx_model(models[variant], name, {})  # first, because the next line changes the weights
        quantise_in_place(models[variant])
    after = validation(models, art)
    arguments.into.mkdir(parents=True, exist_ok=True)
    for variant, name in NAMES.items():
        summary = {
            "variant": variant,
            "seed": arguments.seed,
            "samples": samples[variant],
            "batch": train.BATCH,
            "horizontal_flip": variant != "noflip",
            "accuracy": after[variant],
        }
        helper.set_model_props(
            graphs[variant],
            {
                "classes": json.dumps(art.classes),
                "licence": LICENCE,
                "mean": json.dumps(train.MEAN.tolist()),
                "std": json.dumps(train.STD.tolist()),
                "training": json.dumps(summary),
            },
        )
        content = graphs[variant].SerializeToString()
        if len(content) > LARGEST_FILE:
            raise SystemExit(f"{name}.onnx would take {len(content)} bytes, more than {LARGEST_FILE}")
        (arguments.into / f"{name}.onnx").write_bytes(content)
        if arguments.seed == train.SHIPPED_SEED:
            write_reference(models[variant], art, train.WORK, name)
        float_shares = before(variant, arguments.seed)
        for key, share in after[variant].items():
            print(f"{name} {key}: float {float_shares[key]}, int8 {share:.4f}")
        print(f"{arguments.into / name}.onnx: {len(content)} bytes")


if __name__ == "__main__":
    main()
