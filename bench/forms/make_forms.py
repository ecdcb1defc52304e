"""Writes a network in the forms in which people export it.

Usage: python3 make_forms.py NETWORK.onnx FOLDER [FORM ...]

NETWORK is a plain export: float32 input [N, 3, rows, cols], and convolutions with the attribute `pads`. Each form is a
file FOLDER/FORM.onnx, for bench/forms.mjs. The forms of the list SAME compute what the plain network computes, apart
from rounding. Those of the list OTHER have other activations or layers. A form is left out if the network does not have
its operators. Needs Debian's python3-onnx.
"""
import copy
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
# The recipe of ImageNet, for bytes from 0 to 255.
MEAN = np.float32([123.675, 116.28, 103.53])
STD = np.float32([58.395, 57.12, 57.375])


class Graph:
    """A copy of a model, with the functions that the forms are made of."""

    def __init__(self, model):
        self.model = copy.deepcopy(model)
        self.graph = self.model.graph
        inferred = shape_inference.infer_shapes(model, data_prop=True).graph
        infos = [*inferred.value_info, *inferred.input, *inferred.output]
        self.shapes = {info.name: [d.dim_value for d in info.type.tensor_type.shape.dim] for info in infos}
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self.image = self.graph.input[0].name
        self.made = 0

    def name(self, what):
        self.made += 1
        return f"form_{what}_{self.made}"

    def constant(self, values, dtype=np.float32):
        name = self.name("constant")
        self.graph.initializer.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def node(self, operator, inputs, output=None, **attributes):
        output = output or self.name(operator)
        return helper.make_node(operator, inputs, [output], name=f"node_{output}", **attributes)

    def is_map(self, name):
        return len(self.shapes.get(name, ())) == 4 and name not in self.constants

    def rewrite(self, change):
        """Replaces each node by those that `change` gives."""
        nodes = [made for node in list(self.graph.node) for made in change(node)]
        del self.graph.node[:]
        self.graph.node.extend(nodes)

    def prepend(self, nodes):
        old = list(self.graph.node)
        del self.graph.node[:]
        self.graph.node.extend([*nodes, *old])

    def read_instead(self, old, new):
        for node in self.graph.node:
            for at, name in enumerate(node.input):
                if name == old:
                    node.input[at] = new

    def replace_input(self, elements, is_last, nodes_from):
        """Gives the graph a new image input. `nodes_from` makes the old one from it, and returns nodes and a name."""
        _, channels, rows, cols = self.shapes[self.image]
        shape = ["N", rows, cols, channels] if is_last else ["N", channels, rows, cols]
        nodes, made = nodes_from(self.image)
        self.read_instead(self.image, made)
        self.prepend(nodes)
        self.graph.input[0].CopyFrom(helper.make_tensor_value_info(self.image, elements, shape))

    def number(self, tensor):
        return numpy_helper.to_array(self.constants[tensor])


def plain(graph):
    pass


def nhwc_input(graph):
    def nodes(image):
        turned = graph.node("Transpose", [image], perm=TO_FIRST)
        return [turned], turned.output[0]

    graph.replace_input(TensorProto.FLOAT, True, nodes)


def nhwc_everywhere(graph):
    """Maps are channels last, and a Transpose is on both sides of each node that needs channels first."""
    of_cells = {"Relu", "Clip", "Add", "Mul", "Sub", "Div", "Sigmoid", "HardSwish", "Identity", "Dropout", "Erf"}
    image = graph.image
    _, channels, rows, cols = graph.shapes[image]
    last = set()

    def laid_out(node):
        maps = [name for name in node.input if graph.is_map(name)]
        if not maps or not any(graph.is_map(name) for name in node.output):
            return around(node)
        if node.op_type in of_cells:
            for at, name in enumerate(node.input):
                if name in graph.constants and len(graph.constants[name].dims) >= 3:
                    values = graph.number(name)
                    four = values.reshape((1,) * (4 - values.ndim) + values.shape)
                    node.input[at] = graph.constant(four.transpose(TO_LAST), values.dtype)
            last.update(node.output)
            return [node]
        if node.op_type == "Concat":
            node.attribute[0].i = 3
            last.update(node.output)
            return [node]
        return around(node)

    def around(node):
        before, after = [], []
        for at, name in enumerate(node.input):
            if name == image or name in last:
                before.append(graph.node("Transpose", [name], perm=TO_FIRST))
                node.input[at] = before[-1].output[0]
        for at, name in enumerate(node.output):
            if graph.is_map(name):
                inner = graph.name("first")
                after.append(graph.node("Transpose", [inner], name, perm=TO_LAST))
                node.output[at] = inner
                last.add(name)
        return [*before, node, *after]

    graph.rewrite(laid_out)
    graph.graph.input[0].CopyFrom(helper.make_tensor_value_info(image, TensorProto.FLOAT, ["N", rows, cols, channels]))


def bytes_nhwc(graph):
    """As networks of TensorFlow: bytes, channels last, with the preprocessing inside."""

    def nodes(image):
        cast = graph.node("Cast", [image], to=TensorProto.FLOAT)
        less = graph.node("Sub", [cast.output[0], graph.constant(MEAN)])
        scaled = graph.node("Div", [less.output[0], graph.constant(STD)])
        turned = graph.node("Transpose", [scaled.output[0]], perm=TO_FIRST)
        return [cast, less, scaled, turned], turned.output[0]

    graph.replace_input(TensorProto.UINT8, True, nodes)


def bgr(graph, nodes):
    """The image becomes BGR in the graph, and so do constants with a number per channel and the first weights."""
    seen = {graph.image}
    for node in graph.graph.node:
        if node.input[0] not in seen:
            continue
        name = node.input[1]
        turned = np.flip(graph.number(name), axis=1 if graph.constants[name].dims[1:2] == [3] else -3)
        # Numbers of all channels at once stay as they are.
        if node.op_type != "Conv" and graph.constants[name].dims in ([], [1]):
            turned = graph.number(name)
        node.input[1] = graph.constant(turned)
        if node.op_type != "Conv":
            seen.update(node.output)
    graph.replace_input(TensorProto.FLOAT, False, nodes)


def bgr_gather(graph):
    def nodes(image):
        gather = graph.node("Gather", [image, graph.constant([2, 1, 0], np.int64)], axis=1)
        return [gather], gather.output[0]

    bgr(graph, nodes)


def bgr_slice(graph):
    def nodes(image):
        ends = [graph.constant([value], np.int64) for value in (-1, -(2**31), 1, -1)]
        part = graph.node("Slice", [image, *ends])
        return [part], part.output[0]

    bgr(graph, nodes)


def bgr_split(graph):
    def nodes(image):
        names = [graph.name("channel") for _ in range(3)]
        sizes = graph.constant([1, 1, 1], np.int64)
        split = helper.make_node("Split", [image, sizes], names, name="split", axis=1)
        joined = graph.node("Concat", names[::-1], axis=1)
        return [split, joined], joined.output[0]

    bgr(graph, nodes)


def float16(graph, has_float_ends):
    for tensor in graph.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for node in graph.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t") and attribute.t.data_type == TensorProto.FLOAT:
                values = numpy_helper.to_array(attribute.t).astype(np.float16)
                attribute.t.CopyFrom(numpy_helper.from_array(values))
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    del graph.graph.value_info[:]
    ends = [*graph.graph.input, *graph.graph.output]
    if not has_float_ends:
        for info in ends:
            info.type.tensor_type.elem_type = TensorProto.FLOAT16
        return
    inner = f"{graph.image}_half"
    graph.read_instead(graph.image, inner)
    graph.prepend([graph.node("Cast", [graph.image], inner, to=TensorProto.FLOAT16)])
    for info in graph.graph.output:
        half = f"{info.name}_half"
        graph.read_instead(info.name, half)
        for node in graph.graph.node:
            for at, name in enumerate(node.output):
                if name == info.name:
                    node.output[at] = half
        graph.graph.node.append(graph.node("Cast", [half], info.name, to=TensorProto.FLOAT))


def float16_inside(graph):
    float16(graph, True)


def float16_all(graph):
    float16(graph, False)


def padding_of_shapes(graph):
    """As `F.pad` by amounts that a module computes from the size of its input, with an open batch.

    The amount after the map is (ceil(length / stride) - 1) * stride + size - length, less that before the map.
    """
    changed = []

    def amount(name, axis, size, stride, before):
        nodes = [graph.node("Shape", [name])]

        def then(operator, other=None, dtype=np.int64, **attributes):
            others = [] if other is None else [other if isinstance(other, str) else graph.constant([other], dtype)]
            nodes.append(graph.node(operator, [at_of(nodes), *others], **attributes))

        then("Gather", axis, axis=0)
        length = at_of(nodes)
        then("Cast", to=TensorProto.FLOAT)
        then("Div", stride, np.float32)
        then("Ceil")
        then("Cast", to=TensorProto.INT64)
        then("Sub", 1)
        then("Mul", stride)
        then("Add", size)
        then("Sub", length)
        then("Sub", before)
        return nodes

    def computed(node):
        pads = attribute(node, "pads", [0, 0, 0, 0])
        if node.op_type != "Conv" or not any(pads):
            return [node]
        name, kernel = node.input[0], graph.constants[node.input[1]].dims[2:]
        strides = attribute(node, "strides", [1, 1])
        for length, size, stride, before, after in zip(graph.shapes[name][2:], kernel, strides, pads, pads[2:]):
            if not before <= (-(-length // stride) - 1) * stride + size - length <= before + after:
                return [node]
        rows, cols = [amount(name, 2 + axis, kernel[axis], strides[axis], pads[axis]) for axis in (0, 1)]
        begin = graph.constant([0, 0, *pads[:2], 0, 0], np.int64)
        joined = graph.node("Concat", [begin, at_of(rows), at_of(cols)], axis=0)
        padded = graph.node("Pad", [name, at_of([joined])])
        node.input[0] = padded.output[0]
        remove(node, "pads")
        changed.append(node)
        return [*rows, *cols, joined, padded, node]

    graph.rewrite(computed)
    return bool(changed)


def at_of(nodes):
    return nodes[-1].output[0]


def attribute(node, name, otherwise):
    return next((list(one.ints) for one in node.attribute if one.name == name), otherwise)


def remove(node, name):
    kept = [one for one in node.attribute if one.name != name]
    del node.attribute[:]
    node.attribute.extend(kept)


def pad_constant(graph):
    """As PyTorch exports `F.pad`: the padding goes through ConstantOfShape, Concat, Reshape, Slice and Transpose."""
    changed = []

    def padded(node):
        pads = attribute(node, "pads", [0, 0, 0, 0])
        if node.op_type != "Conv" or not any(pads):
            return [node]
        top, left, bottom, right = pads
        given = graph.constant([left, right, top, bottom], np.int64)
        filler = graph.node("ConstantOfShape", [graph.constant([4], np.int64)],
                            value=numpy_helper.from_array(np.array([0], np.int64)))
        nodes = [filler, graph.node("Concat", [given, filler.output[0]], axis=0)]
        nodes.append(graph.node("Reshape", [at_of(nodes), graph.constant([-1, 2], np.int64)]))
        bounds = [graph.constant([value], np.int64) for value in (-1, -(2**63) + 1, 0, -1)]
        nodes.append(graph.node("Slice", [at_of(nodes), *bounds]))
        nodes.append(graph.node("Transpose", [at_of(nodes)], perm=[1, 0]))
        nodes.append(graph.node("Reshape", [at_of(nodes), graph.constant([-1], np.int64)]))
        nodes.append(graph.node("Cast", [at_of(nodes)], to=TensorProto.INT64))
        nodes.append(graph.node("Pad", [node.input[0], at_of(nodes)], mode="constant"))
        node.input[0] = at_of(nodes)
        remove(node, "pads")
        changed.append(node)
        return [*nodes, node]

    graph.rewrite(padded)
    return bool(changed)


def view(graph, of_image):
    """As `x.view(x.size(0), -1)`, or with the size of the image."""
    changed = []

    def viewed(node):
        if node.op_type != "Flatten":
            return [node]
        source = graph.image if of_image else node.input[0]
        nodes = [graph.node("Shape", [source])]
        nodes.append(graph.node("Gather", [at_of(nodes), graph.constant(0, np.int64)], axis=0))
        nodes.append(graph.node("Unsqueeze", [at_of(nodes), graph.constant([0], np.int64)]))
        nodes.append(graph.node("Concat", [at_of(nodes), graph.constant([-1], np.int64)], axis=0))
        changed.append(node)
        return [*nodes, graph.node("Reshape", [node.input[0], at_of(nodes)], node.output[0])]

    graph.rewrite(viewed)
    return bool(changed)


def view_shape(graph):
    return view(graph, False)


def view_image(graph):
    return view(graph, True)


def weights_as_inputs(graph):
    graph.model.ir_version = 3
    for tensor in graph.graph.initializer:
        graph.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))


def softmax(graph):
    output = graph.graph.output[0].name
    for node in graph.graph.node:
        for at, name in enumerate(node.output):
            if name == output:
                node.output[at] = "logits"
    graph.read_instead(output, "logits")
    graph.graph.node.append(graph.node("Softmax", ["logits"], output, axis=1))


def activations(graph, nodes_of):
    changed = []

    def changed_node(node):
        if node.op_type not in ("Relu", "Clip"):
            return [node]
        changed.append(node)
        return nodes_of(node)

    graph.rewrite(changed_node)
    return bool(changed)


def clip_inputs(graph):
    """Bounds from Constant nodes, as PyTorch exports them."""

    def nodes(node):
        bounds = [graph.number(name) for name in node.input[1:]] or [np.float32(0), np.float32(3e38)]
        made = [graph.node("Constant", [], value=numpy_helper.from_array(bound)) for bound in bounds]
        return [*made, graph.node("Clip", [node.input[0], *[one.output[0] for one in made]], node.output[0])]

    return activations(graph, nodes)


def hard_swish(graph):
    def nodes(node):
        name = node.input[0]
        made = [graph.node("Add", [name, graph.constant(3)])]
        made.append(graph.node("Clip", [at_of(made), graph.constant(0), graph.constant(6)]))
        made.append(graph.node("Mul", [name, at_of(made)]))
        return [*made, graph.node("Div", [at_of(made), graph.constant(6)], node.output[0])]

    return activations(graph, nodes)


def hard_swish_whole(graph):
    # Older sets of operators do not have it.
    if graph.model.opset_import[0].version < 14:
        return False
    return activations(graph, lambda node: [graph.node("HardSwish", [node.input[0]], node.output[0])])


def gelu(graph):
    def nodes(node):
        name = node.input[0]
        made = [graph.node("Div", [name, graph.constant(2**0.5)])]
        made.append(graph.node("Erf", [at_of(made)]))
        made.append(graph.node("Add", [at_of(made), graph.constant(1)]))
        made.append(graph.node("Mul", [name, at_of(made)]))
        return [*made, graph.node("Mul", [at_of(made), graph.constant(0.5)], node.output[0])]

    return activations(graph, nodes)


def resize(graph):
    """Enlarges the first activation twice, and takes the mean of 2×2 values, which are equal."""
    changed = []

    def resized(node):
        if node.op_type not in ("Relu", "Clip") or changed:
            return [node]
        changed.append(node)
        output, inner = node.output[0], graph.name("small")
        node.output[0] = inner
        large = graph.node("Resize", [inner, "", graph.constant([1, 1, 2, 2])], mode="nearest",
                           coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        mean = graph.node("AveragePool", [large.output[0]], output, kernel_shape=[2, 2], strides=[2, 2])
        return [node, large, mean]

    graph.rewrite(resized)
    return bool(changed)


def resize_image(graph):
    """An input of half the size, which the graph enlarges."""
    _, channels, rows, cols = graph.shapes[graph.image]
    if rows % 2 or cols % 2:
        return False

    def nodes(image):
        large = graph.node("Resize", [image, "", graph.constant([1, 1, 2, 2])], mode="linear")
        return [large], large.output[0]

    graph.replace_input(TensorProto.FLOAT, False, nodes)
    shape = ["N", channels, rows // 2, cols // 2]
    graph.graph.input[0].CopyFrom(helper.make_tensor_value_info(graph.image, TensorProto.FLOAT, shape))


def external_data(graph):
    pass


SAME = [plain, nhwc_input, nhwc_everywhere, bytes_nhwc, bgr_gather, bgr_slice, bgr_split, float16_inside, float16_all,
        pad_constant, padding_of_shapes, view_shape, view_image, weights_as_inputs, softmax, clip_inputs, external_data]
OTHER = [hard_swish_whole, hard_swish, gelu, resize, resize_image]

source, folder, *chosen = sys.argv[1:]
model = onnx.load(source)
for form in [*SAME, *OTHER]:
    if chosen and form.__name__ not in chosen:
        continue
    graph = Graph(model)
    if form(graph) is False:
        print(f"{form.__name__}: the network has nothing to change", file=sys.stderr)
        continue
    # Names of the classes and of the recipe stay, but not the shapes of inner tensors, because they may differ.
    del graph.graph.value_info[:]
    path = Path(folder) / f"{form.__name__}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of the form `external_data`, the weights are in a file of their own.
    beside = {"save_as_external_data": form is external_data, "location": f"{form.__name__}.data"}
    onnx.save(graph.model, path, **beside)
    onnx.checker.check_model(str(path))
