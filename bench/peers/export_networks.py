"""Exports torchvision's networks with random weights, for `exported_networks.py`.

    python3 bench/peers/export_networks.py FOLDER [NETWORK …]

NAME.onnx takes any number of images, NAME-batch3.onnx exactly three. resnet18 and mobilenet_v3_small are also written
in float16, in 8 bits (qdq: QuantizeLinear and DequantizeLinear), with external weights, and with inputs that have
channels last, bytes or float64. NAME.names.json lists the files of a network. Made with torch 2.6, torchvision 0.21,
onnx 1.17.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper

NETWORKS = [
    "resnet18",
    "squeezenet1_1",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "convnext_tiny",
    "vit_b_16",
    "swin_t",
]
SPECIAL = ["resnet18", "mobilenet_v3_small"]


def with_random_weights(name):
    torch.manual_seed(1)
    network = getattr(torchvision.models, name)(weights=None)
    for module in network.modules():
        # Zero weights or vanishing activations would make all features equal.
        if isinstance(module, torch.nn.Linear) and not module.weight.any():
            torch.nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(pictures(8))
    # Normalisation would amplify channels that hardly vary, so that only their rounding would be compared.
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.clamp_(min=float(module.running_var.mean()) / 4)
    return network.eval()


def pictures(count):
    """Squares of noise on white, as in the comparison. Other pictures would show little but rounding."""
    made = torch.ones(count, 3, 224, 224)
    for image in made:
        row, col = torch.randint(0, 150, (2,)).tolist()
        image[:, row : row + 75, col : col + 75] = torch.rand(3, 75, 75)
    return (made - 0.45) / 0.25


def rounding(network):
    """The rounding error: distance of PyTorch's features in float32 from those in float64, relative to their length."""
    with torch.no_grad():
        images = pictures(2)
        single = network(images).double()
        exact = network.double()(images.double())
    network.float()
    return float(((single - exact).norm(dim=1) / exact.norm(dim=1)).max())


def export(network, path, batch, dynamic, dtype=torch.float32):
    torch.onnx.export(
        network,
        torch.randn(batch, 3, 224, 224, dtype=dtype),
        str(path),
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}} if dynamic else None,
        dynamo=False,
    )


def ranges(network):
    """The least and the largest input of every convolution and fully connected layer, by the layer's name."""
    found = {}

    def hook(name):
        return lambda module, given: found.update({name: (float(given[0].min()), float(given[0].max()))})

    layers = [(name, one) for name, one in network.named_modules() if isinstance(one, (torch.nn.Conv2d, torch.nn.Linear))]
    handles = [module.register_forward_pre_hook(hook(name)) for name, module in layers]
    with torch.no_grad():
        network(pictures(8))
    for handle in handles:
        handle.remove()
    return found


def module_of(node):
    """Name of a node's module: layer2.0.downsample.0 for /layer2/layer2.0/downsample/downsample.0/Conv."""
    parts = []
    for part in node.name.split("/")[1:-1]:
        if parts and part.startswith(f"{parts[-1]}."):
            parts.pop()
        parts.append(part)
    return ".".join(parts)


def quantised(network, path, target):
    """Quantises weights to int8 per channel, and the input of every convolution and matrix product to uint8."""
    model = onnx.load(path)
    limits = ranges(network)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes, added, done = [], [], {}

    def constant(name, values):
        added.append(numpy_helper.from_array(values, name))
        return name

    def through(name, scale, zero, axis=None):
        if name not in done:
            quantise = [name, constant(f"{name}.scale", scale), constant(f"{name}.zero", zero)]
            kind = {} if axis is None else {"axis": axis}
            nodes.append(helper.make_node("QuantizeLinear", quantise, [f"{name}.q"], **kind))
            nodes.append(helper.make_node("DequantizeLinear", [f"{name}.q", *quantise[1:]], [f"{name}.dq"], **kind))
            done[name] = f"{name}.dq"
        return done[name]

    for node in graph.node:
        if node.op_type in ("Conv", "Gemm") and node.input[1] in constants:
            weights = numpy_helper.to_array(constants[node.input[1]])
            scale = np.maximum(np.abs(weights).reshape(len(weights), -1).max(axis=1), 1e-6) / 127
            node.input[1] = through(
                node.input[1], scale.astype(np.float32), np.zeros(len(weights), np.int8), axis=0
            )
            low, high = limits[module_of(node)]
            step = np.float32(max(high, 0) - min(low, 0)) / 255
            node.input[0] = through(node.input[0], step, np.uint8(round(-min(low, 0) / step)))
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(added)
    onnx.save(model, target)


def with_input(path, target, kind):
    """Writes a copy of the network that takes bytes, float64, or its channels last."""
    model = onnx.load(path)
    graph = model.graph
    image = graph.input[0]
    if kind == "nhwc":
        node = helper.make_node("Transpose", ["pixels"], ["image"], perm=[0, 3, 1, 2])
        made = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 224, 224, 3])
    else:
        node = helper.make_node("Cast", ["pixels"], ["image"], to=TensorProto.FLOAT)
        types = {"uint8": TensorProto.UINT8, "float64": TensorProto.DOUBLE}
        made = helper.make_tensor_value_info("pixels", types[kind], ["N", 3, 224, 224])
    graph.input.remove(image)
    graph.input.append(made)
    graph.node.insert(0, node)
    if kind == "float64":
        graph.node.append(helper.make_node("Cast", ["logits"], ["logits64"], to=TensorProto.DOUBLE))
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info("logits64", TensorProto.DOUBLE, ["N", 1000]))
    onnx.save(model, target)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or NETWORKS:
        path = folder / f"{name}.onnx"
        network = with_random_weights(name)
        print(f"{name}: rounding {rounding(network):.1e}", flush=True)
        export(network, path, 1, True)
        export(network, folder / f"{name}-batch3.onnx", 3, False)
        made = [f"{name}", f"{name}-batch3"]
        if name in SPECIAL:
            quantised(network, path, folder / f"{name}-qdq.onnx")
            for kind in ("nhwc", "uint8", "float64"):
                with_input(path, folder / f"{name}-{kind}.onnx", kind)
            onnx.save(
                onnx.load(path),
                folder / f"{name}-external.onnx",
                save_as_external_data=True,
                location=f"{name}-external.data",
            )
            export(network.half(), folder / f"{name}-float16.onnx", 1, True, torch.float16)
            made += [f"{name}-{kind}" for kind in ("qdq", "nhwc", "uint8", "float64", "external", "float16")]
        (folder / f"{name}.names.json").write_text(json.dumps(made))


main()
