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


def message(file, name, fields):
    """fields: (name, number, type, repeated, packed or the type's name)"""
    entry = file.message_type.add(name=name)
    for field, number, kind, repeated, detail in fields:
        added = entry.field.add(name=field, number=number, type=kind, label=3 if repeated else 1)
        if kind == TYPES.TYPE_MESSAGE:
            added.type_name = detail
        elif detail:
            added.options.packed = True


file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
message(file, "BlobShape", [("dim", 1, TYPES.TYPE_INT64, True, True)])
message(
    file,
    "BlobProto",
    [
        ("num", 1, TYPES.TYPE_INT32, False, False),
        ("channels", 2, TYPES.TYPE_INT32, False, False),
        ("height", 3, TYPES.TYPE_INT32, False, False),
        ("width", 4, TYPES.TYPE_INT32, False, False),
        ("data", 5, TYPES.TYPE_FLOAT, True, True),
        ("diff", 6, TYPES.TYPE_FLOAT, True, True),
        ("shape", 7, TYPES.TYPE_MESSAGE, False, "BlobShape"),
        ("double_data", 8, TYPES.TYPE_DOUBLE, True, True),
    ],
)
message(
    file,
    "LayerParameter",
    [
        ("name", 1, TYPES.TYPE_STRING, False, False),
        ("type", 2, TYPES.TYPE_STRING, False, False),
        ("bottom", 3, TYPES.TYPE_STRING, True, False),
        ("top", 4, TYPES.TYPE_STRING, True, False),
        ("blobs", 7, TYPES.TYPE_MESSAGE, True, "BlobProto"),
        ("phase", 10, TYPES.TYPE_INT32, False, False),
    ],
)
message(
    file,
    "V1LayerParameter",
    [
        ("bottom", 2, TYPES.TYPE_STRING, True, False),
        ("top", 3, TYPES.TYPE_STRING, True, False),
        ("name", 4, TYPES.TYPE_STRING, False, False),
        ("type", 5, TYPES.TYPE_INT32, False, False),
        ("blobs", 6, TYPES.TYPE_MESSAGE, True, "BlobProto"),
        ("blobs_lr", 7, TYPES.TYPE_FLOAT, True, False),
    ],
)
message(
    file,
    "NetParameter",
    [
        ("name", 1, TYPES.TYPE_STRING, False, False),
        ("layers", 2, TYPES.TYPE_MESSAGE, True, "V1LayerParameter"),
        ("input", 3, TYPES.TYPE_STRING, True, False),
        ("input_dim", 4, TYPES.TYPE_INT32, True, False),
        ("layer", 100, TYPES.TYPE_MESSAGE, True, "LayerParameter"),
    ],
)
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
