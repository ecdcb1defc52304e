"""One detector in four forms, and its detections decoded with NumPy, as a check of Shiftscope's.

    python3 bench/peers/detectors.py forms SSD.onnx FOLDER
    python3 bench/peers/detectors.py images OBJECTS SIZE STRIDE FOLDER
    node bench/detectors.mjs FOLDER/NAME.onnx FOLDER [raw]
    python3 bench/peers/detectors.py check NAME FOLDER

SSD.onnx has boxes [N, A, 4] (top, left, bottom and right as shares of the frame) and scores [N, A, 91] after a sigmoid,
with the background first. `forms` writes it as YOLOv8, YOLOv5 and DETR would: with COCO's 80 classes and boxes of center
and size. `images` draws the objects OBJECTS/SIZE/CLASS-ID.png on white at every position of a grid and writes the network's
input. detectors.mjs runs a form on it with the nodes that Shiftscope adds; with `raw` also the form itself, in a bare ONNX
Runtime. `check` decodes these raw outputs and compares, and counts where the object is found. Needs numpy, onnx, pillow.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SIDE = 300
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
UNUSED = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
USED = [index for index in range(1, 91) if index not in UNUSED]
# In DETR's form, each box becomes this many queries, one for each of its best classes. Scores of a sigmoid may add up
# to more than 1, which the scores of a single query cannot.
QUERIES = 3
LEAST = 1e-9


class Graph:
    """Nodes that are added to a model, with names by number."""

    def __init__(self, model):
        self.graph = model.graph

    def constant(self, values):
        name = f"added_{len(self.graph.initializer)}"
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, operator, *inputs, output=None, outputs=1, **attributes):
        names = [output] if output else [f"made_{len(self.graph.node)}_{i}" for i in range(outputs)]
        self.graph.node.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0] if outputs == 1 else names


def form(path, kind, names):
    model = onnx.load(path)
    graph = Graph(model)
    count = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    unit = 1 if kind == "detr" else SIDE
    # (top, left, bottom, right) -> (center x, center y, width, height)
    matrix = np.array([[0, 0.5, 0, -1], [0.5, 0, -1, 0], [0, 0.5, 0, 1], [0.5, 0, 1, 0]], np.float32) * unit
    boxes = graph.node("MatMul", "boxes", graph.constant(matrix))
    scores = graph.node("Gather", "scores", graph.constant(np.array(USED)), axis=2)
    shapes = {
        "yolov8": {"output0": [84, count]},
        "yolov5": {"output": [count, 85]},
        "detr": {"logits": [count * QUERIES, 81], "pred_boxes": [count * QUERIES, 4]},
    }[kind]
    if kind == "yolov8":
        graph.node("Transpose", graph.node("Concat", boxes, scores, axis=2), output="output0", perm=[0, 2, 1])
    if kind == "yolov5":
        sure = graph.node("ReduceMax", scores, axes=[2])
        graph.node("Concat", boxes, sure, graph.node("Div", scores, sure), output="output", axis=2)
    if kind == "detr":
        graph.node("Concat", *[boxes] * QUERIES, output="pred_boxes", axis=1)
        best, index = graph.node("TopK", scores, graph.constant(np.array([QUERIES])), outputs=2, axis=2)
        parts = []
        for query in range(QUERIES):
            choice = graph.constant(np.array([query]))
            score, own = (graph.node("Gather", tensor, choice, axis=2) for tensor in (best, index))
            chosen = graph.node("Cast", graph.node("Equal", own, graph.constant(np.arange(80))), to=TensorProto.FLOAT)
            rest = graph.node("Sub", graph.constant(np.float32(1)), score)
            parts.append(graph.node("Concat", graph.node("Mul", chosen, score), rest, axis=2))
        shares = graph.node("Concat", *parts, axis=1)
        graph.node("Log", graph.node("Add", shares, graph.constant(np.float32(LEAST))), output="logits")
    del model.graph.output[:]
    for name, shape in shapes.items():
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]))
    if kind != "detr":
        helper.set_model_props(model, {"names": str(dict(enumerate(names))), "task": "detect"})
    onnx.checker.check_model(model)
    return model


def forms(path, folder):
    labels = json.loads(Path(path).with_suffix(".labels.json").read_text())
    names = [labels[index] for index in USED]
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("yolov8", "yolov5", "detr"):
        onnx.save(form(path, kind, names), folder / f"{kind}.onnx")
    (folder / "detr.labels.json").write_text(json.dumps(names))
    (folder / "ssd.onnx").write_bytes(Path(path).read_bytes())
    (folder / "ssd.labels.json").write_text(json.dumps(labels))


def images(objects, size, stride, folder):
    """Writes input.bin, float32 [images, 3, 300, 300], and places.json: the object, row and column of each image."""
    places = []
    file = (folder / "input.bin").open("wb")
    for path in sorted((objects / str(size)).glob("*.png")):
        picture = np.asarray(Image.open(path).convert("RGBA"))
        for row in range(0, SIDE - size + 1, stride):
            for col in range(0, SIDE - size + 1, stride):
                frame = np.full((SIDE, SIDE, 3), 255, np.uint8)
                part = frame[row : row + size, col : col + size]
                part[picture[..., 3] >= 128] = picture[..., :3][picture[..., 3] >= 128]
                file.write(((frame / 255 - MEAN) / STD).astype(np.float32).transpose(2, 0, 1).tobytes())
                places.append([path.stem, row, col])
    file.close()
    (folder / "places.json").write_text(json.dumps({"size": size, "places": places}))


def decoded(kind, outputs):
    """Boxes [N, A, 4] as left, top, right, bottom in px, and scores [N, A, classes]."""
    if kind == "ssd":
        return outputs["boxes"][..., [1, 0, 3, 2]] * SIDE, outputs["scores"][..., 1:]
    if kind == "detr":
        powers = np.exp(outputs["logits"] - outputs["logits"].max(-1, keepdims=True))
        boxes, scores = outputs["pred_boxes"] * SIDE, (powers / powers.sum(-1, keepdims=True))[..., :-1]
    elif kind == "yolov8":
        boxes, scores = outputs["output0"][:, :4].transpose(0, 2, 1), outputs["output0"][:, 4:].transpose(0, 2, 1)
    else:
        boxes, scores = outputs["output"][..., :4], outputs["output"][..., 5:] * outputs["output"][..., 4:5]
    center, extent = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([center - extent / 2, center + extent / 2], -1), scores


def best_boxes(boxes, scores):
    """For each class the best score and its box, clipped: [N, 5, classes]."""
    best = scores.argmax(1)
    rows = np.take_along_axis(scores, best[:, None], 1)
    sides = np.clip(np.take_along_axis(boxes, best[..., None], 1), 0, SIDE).transpose(0, 2, 1)
    return np.concatenate([rows, sides], 1)


def overlap(box, row, col, size):
    left, top, right, bottom = box
    shared = max(min(right, col + size) - max(left, col), 0) * max(min(bottom, row + size) - max(top, row), 0)
    return shared / ((right - left) * (bottom - top) + size * size - shared)


def check(kind, folder):
    about = json.loads((folder / f"{kind}.json").read_text())
    arrays = {
        name: np.fromfile(folder / f"{kind}-{name}.bin", np.float32).reshape(shape)
        for name, shape in about["outputs"].items()
    }
    names = about["names"]
    found = arrays.pop("detections").reshape(-1, 5, len(names))
    if arrays:
        own = best_boxes(*decoded(kind, arrays))
        scores, boxes = np.abs(own - found)[:, 0].max(), np.abs(own - found)[:, 1:].max(1) / SIDE
        # If two boxes have equal scores up to rounding, either may be the best one.
        jumps = boxes > 1e-3
        print(f"{kind}: {len(own)} images, largest difference of scores {scores:.1e}")
        print(f"  of boxes {boxes[~jumps].max():.1e} of the frame, except {jumps.mean():.1%} of the boxes, which are other ones")
        if jumps.any():
            print(f"  the largest score of these is {own[:, 0][jumps].max():.1e}")
    about = json.loads((folder / "places.json").read_text())
    size, right = about["size"], {}
    for (name, row, col), (scores, *sides) in zip(about["places"], found):
        own = names.index(name.split("-")[0])
        is_found = scores[own] >= 0.25 and overlap([side[own] for side in sides], row, col, size) >= 0.5
        right.setdefault(name, []).append(is_found and scores.argmax() == own)
    shares = {name: float(np.mean(values)) for name, values in right.items()}
    print(f"{kind}: {size} px, right and found at", ", ".join(f"{name} {share:.3f}" for name, share in shares.items()))
    print(f"{kind}: {size} px, mean of {len(shares)} objects {np.mean(list(shares.values())):.3f}")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "forms":
        forms(rest[0], Path(rest[1]))
    if command == "images":
        images(Path(rest[0]), int(rest[1]), int(rest[2]), Path(rest[3]))
    if command == "check":
        check(rest[0], Path(rest[1]))
