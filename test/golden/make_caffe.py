"""Makes test/golden/caffe/*.caffemodel, small files written by Google's protobuf, and expected.json with what they hold.

    python3 test/golden/make_caffe.py

The messages are those of BVLC/caffe, src/caffe/proto/caffe.proto, cut to the fields that hold weights. proto2 does not
pack repeated numbers unless told to: the blobs' elements and dims are, as in Caffe.
"""

import json
from pathlib import Path

import numpy
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FOLDER = Path(__file__).parent / "caffe"
TYPES = descriptor_pb2.FieldDescriptorProto
# Fields by their names; with a * they repeat, with a ! they are packed, too.
MESSAGES = {
    "BlobShape": {"dim": "1 INT64!"},
    "BlobProto": {
        "num": "1 INT32", "channels": "2 INT32", "height": "3 INT32", "width": "4 INT32",
        "data": "5 FLOAT!", "diff": "6 FLOAT!", "shape": "7 BlobShape", "double_data": "8 DOUBLE!",
    },
    "LayerParameter": {
        "name": "1 STRING", "type": "2 STRING", "bottom": "3 STRING*", "top": "4 STRING*", "blobs": "7 BlobProto*",
        "phase": "10 INT32",
    },
    "V1LayerParameter": {
        "bottom": "2 STRING*", "top": "3 STRING*", "name": "4 STRING", "type": "5 INT32", "blobs": "6 BlobProto*",
        "blobs_lr": "7 FLOAT*",
    },
    "NetParameter": {
        "name": "1 STRING", "layers": "2 V1LayerParameter*", "input": "3 STRING*", "input_dim": "4 INT32*",
        "layer": "100 LayerParameter*",
    },
}  # fmt: skip

file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
for message, fields in MESSAGES.items():
    entry = file.message_type.add(name=message)
    for field, described in fields.items():
        number, kind = described.rstrip("*!").split()
        label = TYPES.LABEL_REPEATED if described[-1] in "*!" else TYPES.LABEL_OPTIONAL
        added = entry.field.add(name=field, number=int(number), label=label)
        if kind in MESSAGES:
            added.type, added.type_name = TYPES.TYPE_MESSAGE, kind
        else:
            added.type = getattr(TYPES, f"TYPE_{kind}")
        if described.endswith("!"):
            added.options.packed = True
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
NetParameter = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("caffe.NetParameter"))

random = numpy.random.default_rng(1)
SHAPES = {"conv1": [(4, 3, 2, 2), (4,)], "ip/2": [(3, 16), (3,)]}
values = {
    name: [random.standard_normal(shape).astype(numpy.float32) for shape in shapes] for name, shapes in SHAPES.items()
}


def v1():
    """As the published reference models: four axes for every blob, diffs and learning rates."""
    net = NetParameter(name="golden", input=["data"], input_dim=[1, 3, 2, 2])
    net.layers.add(name="data", type=5, top=["data"])
    for name, blobs in values.items():
        layer = net.layers.add(name=name, type=14, bottom=["data"], top=[name], blobs_lr=[1, 2])
        for array in blobs:
            num, channels, height, width = (1,) * (4 - array.ndim) + array.shape
            blob = layer.blobs.add(num=num, channels=channels, height=height, width=width, data=array.flatten())
            blob.diff.extend(numpy.zeros(array.size))
    return net, lambda array: [1] * (4 - array.ndim) + list(array.shape)


def v2():
    net = NetParameter(name="golden")
    for name, blobs in values.items():
        layer = net.layer.add(name=name, type="InnerProduct", bottom=["data"], top=[name], phase=1)
        for array in blobs:
            blob = layer.blobs.add()
            blob.shape.dim.extend(array.shape)
            (blob.double_data if name == "ip/2" else blob.data).extend(array.flatten())
    return net, lambda array: list(array.shape)


FOLDER.mkdir(exist_ok=True)
expected = {}
for make in (v1, v2):
    net, shape = make()
    (FOLDER / f"{make.__name__}.caffemodel").write_bytes(net.SerializeToString())
    expected[make.__name__] = {
        f"{name}.{i}": {"shape": shape(array), "values": array.flatten().tolist()}
        for name, blobs in values.items()
        for i, array in enumerate(blobs)
    }
(FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")
