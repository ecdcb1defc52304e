"""Makes test/golden/onnx/*.onnx, small models written by the onnx package, and expected.json with their features.

    python3 test/golden/make_onnx.py

The features are those of the package's reference evaluator for the image `(i % 17) / 17`, i counting channels first.
"""

import json
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FOLDER = Path(__file__).parent / "onnx"
FOLDER.mkdir(exist_ok=True)
SIDE = 8
random = numpy.random.default_rng(1)
CONSTANTS = {
    "kernel": random.standard_normal((4, 3, 3, 3)).astype(numpy.float32),
    "weight": random.standard_normal((5, 4)).astype(numpy.float32),
}


def info(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def network(first=(), source="image"):
    """Convolution without padding, ReLU, pooling, a fully connected layer; `first` makes `source` from the input."""
    return [
        *first,
        helper.make_node("Conv", [source, "kernel"], ["conv"], name="conv"),
        helper.make_node("Relu", ["conv"], ["/relu/Relu_output_0"], name="relu"),
        helper.make_node("GlobalAveragePool", ["/relu/Relu_output_0"], ["pool"], name="pool"),
        helper.make_node("Flatten", ["pool"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "weight"], ["features"], name="fc", transB=1),
    ]


def model(nodes, inputs, outputs=None, constants=CONSTANTS):
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "golden", inputs, outputs or [info("features", ["N", 5])], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def external(made, name):
    """Moves every constant into a file beside the model, at offsets that are multiples of 64."""
    with open(FOLDER / f"{name}.data", "wb") as file:
        for tensor in made.graph.initializer:
            file.write(b"\0" * (-file.tell() % 64))
            entries = {"location": f"{name}.data", "offset": str(file.tell()), "length": str(len(tensor.raw_data))}
            file.write(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in entries.items():
                tensor.external_data.add(key=key, value=value)
    return made


image = info("image", ["N", 3, SIDE, SIDE])
to_channels_first = helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2])
normalised = helper.make_node("Cast", ["image"], ["planes"], to=TensorProto.FLOAT)
HALF = {name: value.astype(numpy.float16) for name, value in CONSTANTS.items()}
QUANTISED = {f"{name}8": numpy.clip(numpy.round(value / 0.02), -127, 127).astype(numpy.int8) for name, value in CONSTANTS.items()}
QUANTISED |= {"scale": numpy.float32(0.02), "zero": numpy.int8(0), "zero8": numpy.uint8(100), "step": numpy.float32(0.03)}
MODELS = {
    "plain": model(network(), [image]),
    "external": external(model(network(), [image]), "external"),
    "channels-last": model(network([to_channels_first], "planes"), [info("image", ["N", SIDE, SIDE, 3])]),
    "open-size": model(network(), [info("image", ["N", 3, "H", "W"])]),
    "batch-of-4": model(network(), [info("image", [4, 3, SIDE, SIDE])]),
    "hidden-batch": model(
        [*network(), helper.make_node("Reshape", ["features", "shape"], ["row"])],
        [image],
        [info("row", [1, 5])],
        {**CONSTANTS, "shape": numpy.array([1, 5])},
    ),
    "two-inputs": model(
        network([helper.make_node("Add", ["image", "other"], ["planes"])], "planes"),
        [image, info("other", ["N", 3, SIDE, SIDE])],
    ),
    "bytes": model(network([normalised], "planes"), [info("image", ["N", 3, SIDE, SIDE], TensorProto.UINT8)]),
    "vector": model([helper.make_node("Identity", ["image"], ["features"])], [info("image", ["N", 5])], constants={}),
    "grey": model([helper.make_node("Flatten", ["image"], ["features"])], [info("image", ["N", 1, SIDE, SIDE])], constants={}),
    "oblong": model(network(), [info("image", ["N", 3, SIDE, SIDE + 1])]),
    "types": model(
        [
            *network(),
            helper.make_node("ArgMax", ["features"], ["class"], axis=1),
            helper.make_node("Cast", ["features"], ["half"], to=TensorProto.FLOAT16),
            helper.make_node("ReduceMean", ["features"], ["mean"], axes=[0], keepdims=0),
        ],
        [image],
    ),
    "half": model(
        network(),
        [info("image", ["N", 3, SIDE, SIDE], TensorProto.FLOAT16)],
        [info("features", ["N", 5], TensorProto.FLOAT16)],
        HALF,
    ),
    "double": model(
        [
            helper.make_node("Cast", ["image"], ["single"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["single"], ["planes"], perm=[0, 3, 1, 2]),
            *network((), "planes"),
            helper.make_node("Cast", ["features"], ["features64"], to=TensorProto.DOUBLE),
        ],
        [info("image", ["N", SIDE, SIDE, 3], TensorProto.DOUBLE)],
        [info("features64", ["N", 5], TensorProto.DOUBLE)],
    ),
    "quantised": model(
        [
            helper.make_node("QuantizeLinear", ["image", "step", "zero8"], ["image8"]),
            helper.make_node("DequantizeLinear", ["image8", "step", "zero8"], ["planes"]),
            helper.make_node("DequantizeLinear", ["kernel8", "scale", "zero"], ["kernel"]),
            helper.make_node("DequantizeLinear", ["weight8", "scale", "zero"], ["weight"]),
            *network((), "planes"),
        ],
        [image],
        None,
        QUANTISED,
    ),
    "tokens": model(
        [
            *network(),
            helper.make_node("Reshape", ["conv", "places"], ["columns"]),
            helper.make_node("Transpose", ["columns"], ["rows"], perm=[0, 2, 1]),
            helper.make_node("ReduceMean", ["rows"], ["first"], axes=[1], keepdims=1),
            helper.make_node("Concat", ["first", "rows"], ["tokens"], axis=1),
            helper.make_node("Transpose", ["conv"], ["last"], perm=[0, 2, 3, 1]),
        ],
        [image],
        None,
        {**CONSTANTS, "places": numpy.array([0, 4, 36])},
    ),
}
LAYERS = ["conv", "/relu/Relu_output_0", "flat", "features"]

for name, made in MODELS.items():
    (FOLDER / f"{name}.onnx").write_bytes(made.SerializeToString())
pixels = (numpy.arange(3 * SIDE * SIDE) % 17 / 17).astype(numpy.float32).reshape(1, 3, SIDE, SIDE)
plain = model(network(), [image], [info(name, None) for name in LAYERS])
values = ReferenceEvaluator(plain).run(LAYERS, {"image": pixels})
expected = {name: value.flatten().tolist() for name, value in zip(LAYERS, values)}
(FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")
