"""Writes the trained generators as ../tiny-deepsim-<layer>.onnx and checks the files.

    python3 export_generators.py [--trained FILE] [--into FOLDER]

`--trained` can also be the checkpoint of a running training. Weights are stored as in export.py. The features' mean
stays float32; it is subtracted before the first layer.
"""

import argparse
import copy
import hashlib
import json
from pathlib import Path

import train  # first: it sets up the threads

import numpy as np
import torch

import train_generators
from export import LICENCE, Graph, dequantised, store_reference
from generator import FIRST_CHANNELS, FIRST_SIDE, LAST, LAYERS, MARGIN, OUTPUT_SIDE, SLOPE
from samples import FRAME
from scenes import Scenes, art_without_patches

ENCODER = "tiny-alexnet"
LARGEST_FILES = 12_000_000


def add_connected(graph, generator):
    """Adds centring and the fully connected layers. Returns the name of the maps [N, 96, 4, 4]."""
    values = graph.node("Sub", ["feature", graph.constant("feature.mean", generator.feature_mean.numpy())], "centred")
    for name, layer in generator.connected.items():
        inputs = [values, graph.weight(name, layer.weight), graph.bias(name, layer.bias)]
        values = graph.node("Gemm", inputs, name, transB=1)
        values = graph.node("LeakyRelu", [values], f"{name}.relu", alpha=SLOPE)
    shape = graph.constant("maps.shape", np.array([-1, FIRST_CHANNELS, FIRST_SIDE, FIRST_SIDE], dtype=np.int64))
    return graph.node("Reshape", [values, shape], "maps")


def add_deconvolutions(graph, generator, maps):
    """Adds the transposed convolutions up to 256 x 256, and the output `image`, the centre of the last map."""
    for name, layer in generator.deconvolutions.items():
        inputs = [maps, graph.weight(name, layer.weight, output_axis=1), graph.bias(name, layer.bias)]
        maps = graph.node("ConvTranspose", inputs, name, kernel_shape=list(layer.kernel_size),
                          strides=list(layer.stride), pads=[layer.padding[0]] * 4)  # fmt: skip
        if name != LAST:
            maps = graph.node("LeakyRelu", [maps], f"{name}.relu", alpha=SLOPE)
    bounds = {"starts": [MARGIN] * 2, "ends": [OUTPUT_SIDE - MARGIN] * 2, "axes": [2, 3]}
    inputs = [graph.constant(f"crop.{key}", np.array(value, dtype=np.int64)) for key, value in bounds.items()]
    graph.node("Slice", [maps, *inputs], "image")


def onnx_model(generator, name, metadata):
    """Input `feature` float32 [N, dims]; output `image` float32 [N, 3, 224, 224] in the encoder's input units.

    The generator must be folded.
    """
    graph = Graph()
    add_deconvolutions(graph, generator, add_connected(graph, generator))
    dims = len(generator.feature_mean)
    return graph.model(name, {"feature": ["N", dims]}, {"image": ["N", 3, FRAME, FRAME]}, metadata)


@torch.no_grad()
def quantised_copy(generator):
    """A copy of a folded generator with exactly the exported weights."""
    result = copy.deepcopy(generator)
    for layer in result.connected.values():
        layer.weight.copy_(dequantised(layer.weight))
    for layer in result.deconvolutions.values():
        layer.weight.copy_(dequantised(layer.weight, output_axis=1))
    return result


def held_out(row, layer):
    """Results of one generator, the empty frame and the mean image, from a row of the validation."""
    columns = [f"{layer}_psnr", f"{layer}_object_psnr", f"{layer}_feature_error"]
    baselines = ["white_psnr", "white_object_psnr", "mean_psnr", "mean_object_psnr"]
    return {column.removeprefix(f"{layer}_"): float(row[column]) for column in columns + baselines}


@torch.no_grad()
def write_reference(encoder, generator, layer, source, name):
    """Stores features of held-out scenes, and the quantised torch generator's images, for check.mjs."""
    feature = encoder.features(encoder.maps(train.normalised(torch.from_numpy(source[0][0]))))[layer]
    store_reference({"feature": feature, "image": generator(feature)}, train.WORK, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trained", type=Path, default=train_generators.TRAINED)
    parser.add_argument("--into", type=Path, default=train.HERE.parent)
    arguments = parser.parse_args()
    trained = torch.load(arguments.trained, weights_only=True)
    art = art_without_patches(train.WORK / "art", train_generators.PATCHES)
    encoder = train_generators.Encoder(art.classes)
    generators = {}
    for layer in LAYERS:
        generators[layer] = train_generators.build_generator(encoder, layer).eval()
        generators[layer].load_state_dict(trained["generators"][layer])
        generators[layer].fold()
    quantised = {layer: quantised_copy(generator) for layer, generator in generators.items()}

    source = train_generators.validation_source(art)
    statistics = train_generators.training_statistics(encoder, art)
    validation = encoder, source, train_generators.LAST_VALIDATION_BATCHES, statistics.image_mean
    before = train_generators.validate(generators, *validation)
    after = train_generators.validate(quantised, *validation)
    encoder_file = (train.HERE.parent / f"{ENCODER}.onnx").read_bytes()
    arguments.into.mkdir(parents=True, exist_ok=True)
    bytes_written = 0
    for layer, generator in generators.items():
        name = f"tiny-deepsim-{layer}"
        summary = {"sketches": trained["sketches"], "samples": trained["samples"], "held_out": held_out(after, layer)}
        metadata = {
            "encoder": ENCODER,
            "encoder_sha256": hashlib.sha256(encoder_file).hexdigest(),
            "layer": layer,
            "feature": "pre-relu",
            "licence": LICENCE,
            "training": json.dumps(summary),
        }
        content = onnx_model(generator, name, metadata).SerializeToString()
        (arguments.into / f"{name}.onnx").write_bytes(content)
        write_reference(encoder, quantised[layer], layer, source, name)
        bytes_written += len(content)
        print(f"{arguments.into / name}.onnx: {len(content)} bytes")
    if bytes_written > LARGEST_FILES:
        raise SystemExit(f"the generators take {bytes_written} bytes, more than {LARGEST_FILES}")
    for column, value in before.items():
        print(f"{column}: float {value}, int8 {after[column]}")


if __name__ == "__main__":
    main()
