"""Makes test/golden/consistency: a small classifier for two sizes of frames, six photographs, and what PyTorch measures.

    python3 test/golden/make_consistency.py

The measures are written from the definitions in the papers that src/experiments/answers/protocols.ts names, with PyTorch's own
shifts and Fourier transforms, and torchvision's crops.
"""

import hashlib
import json
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision.transforms import CenterCrop, Resize

from rounded import rounded

FOLDER = Path(__file__).parent / "consistency"
# Between photograph and frame is a margin of 4 px, and of 3 px, which CenterCrop cannot divide evenly.
FRAMES = (28, 20)
DRAWS = 5
SEED = 0
MASK = 0xFFFFFFFF
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def random_numbers(protocol, sha256):
    """xoshiro128** with a state from splitmix32, seeded by the photograph's SHA-256, as randomNumbers in the sources."""
    counter = int(hashlib.sha256(f"{SEED} {protocol} {sha256}".encode()).hexdigest()[:8], 16)

    def splitmix():
        nonlocal counter
        counter = (counter + 0x9E3779B9) & MASK
        z = ((counter ^ (counter >> 16)) * 0x21F0AAAD) & MASK
        z = ((z ^ (z >> 15)) * 0x735A2D97) & MASK
        return z ^ (z >> 15)

    def rotate(x, k):
        return ((x << k) | (x >> (32 - k))) & MASK

    state = [splitmix() for _ in range(4)]
    while True:
        a, b, c, d = state
        yield ((rotate((b * 5) & MASK, 7) * 9) & MASK) / 2**32
        t = (b << 9) & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        state = [a, b, c ^ t, rotate(d, 11)]


def photograph(path, frame):
    """RGB [3, side, side], 0 to 255."""
    side = round(frame * 256 / 224)
    pixels = numpy.asarray(CenterCrop(side)(Resize(side)(Image.open(path).convert("RGB"))))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).double()


def fractional_shift(image, rows, cols):
    """Circular shift by a phase for every frequency; of the highest one, which has no sign, half in each direction."""
    side = image.shape[-1]
    frequencies = torch.fft.fftfreq(side, dtype=torch.float64)

    def phase(shift):
        factor = torch.exp(-2j * torch.pi * frequencies * shift)
        if side % 2 == 0:
            factor[side // 2] = factor[side // 2].real.item()
        return factor

    return torch.fft.ifft2(torch.fft.fft2(image) * phase(rows).view(-1, 1) * phase(cols).view(1, -1)).real


def derivative(image, axis):
    """Derivative of a bilinear shift, per pixel, with the edge reflected."""
    dim = 1 if axis == "rows" else 2
    padded = F.pad(image, (0, 0, 0, 1) if axis == "rows" else (0, 1, 0, 0), mode="reflect")
    return padded.narrow(dim, 1, image.shape[dim]) - image


def measures(network, image, sha256, frame):
    """By protocol and measure, as in photographs.csv. @param network RGB [n, 3, frame, frame], 0 to 255, to probabilities"""
    margin = image.shape[-1] - frame
    centre = CenterCrop(frame)(image)

    def pairs(protocol, shifted, least, most):
        """Offsets from least to below most, rows first."""
        random = random_numbers(protocol, sha256)
        span = most - least
        offsets = [(least + int(next(random) * span), least + int(next(random) * span)) for _ in range(2 * DRAWS)]
        answers = network(torch.stack([shifted(row, col) for row, col in offsets])).argmax(1)
        return (answers[0::2] == answers[1::2]).double().mean().item()

    def path(frames):
        p = network(torch.stack(frames))
        answers = p.argmax(1)
        before = p[:-1].gather(1, answers[:-1, None])
        after = p[1:].gather(1, answers[:-1, None])
        return (answers[1:] != answers[:-1]).double().mean().item(), (after - before).abs().mean().item()

    result = {}
    result["crop agreement"] = pairs(
        "crop", lambda row, col: image[:, row : row + frame, col : col + frame], 0, margin
    )
    diagonal = path([image[:, at : at + frame, at : at + frame] for at in range(margin + 1)])
    result["diagonal change"], result["diagonal probability-change"] = diagonal
    side = round(frame / 2)
    pixels = Image.fromarray(image.byte().permute(1, 2, 0).numpy()).resize((side, side), Image.BILINEAR)
    embedded = torch.from_numpy(numpy.asarray(pixels).copy()).permute(2, 0, 1).double()
    result["embed change"], result["embed probability-change"] = path(
        [F.pad(embedded, (at, frame - side - at, at, frame - side - at)) for at in range(frame - side + 1)]
    )
    result["circular agreement"] = pairs(
        "circular", lambda row, col: torch.roll(centre, (row, col), (1, 2)), -margin, margin
    )
    grid = [fractional_shift(centre, row / 4, col / 4) for row in range(4) for col in range(4)]
    answers = network(torch.stack(grid)).argmax(1)
    result["subpixel agreement"] = (answers[1:] == answers[0]).double().mean().item()
    errors = []
    for axis in ["rows", "cols"]:
        slope = 0.003 * derivative(centre, axis)
        p = network(torch.stack([centre + slope, centre - slope]))
        errors.append((p[0] - p[1]).abs().mean().item() / 0.006 * (frame - 1) / 2)
    result["subpixel local-equivariance-error"] = sum(errors) / 2
    return result


def probabilities(forward):
    """Softmax in float64 of a network that takes normalised images."""

    @torch.no_grad()
    def run(images):
        return F.softmax(forward((images / 255 - MEAN) / STD), dim=1)

    return run


def drawn(random, rows, cols):
    """Blurred noise, RGB: neighbouring pixels are alike, as in photographs."""
    noise = torch.from_numpy(random.standard_normal((1, 3, rows, cols)))
    smooth = F.avg_pool2d(F.pad(noise, (2, 2, 2, 2), mode="reflect"), 5, 1)[0]
    return ((smooth - smooth.min()) / (smooth.max() - smooth.min()) * 255).byte().permute(1, 2, 0).numpy()


def save(path, pixels):
    """Keeps a file with these pixels, because another version of Pillow writes other bytes, and so another SHA-256."""
    if not path.exists() or not numpy.array_equal(numpy.asarray(Image.open(path)), pixels):
        Image.fromarray(pixels).save(path)


def golden():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    FOLDER.mkdir(exist_ok=True)
    classes = 24
    random = numpy.random.default_rng(5)
    weights = {
        "first": random.standard_normal((8, 3, 5, 5)) * 0.3,
        "second": random.standard_normal((16, 8, 3, 3)) * 0.3,
        "last": random.standard_normal((classes, 16)) * 0.25,
    }
    weights = {name: value.astype(numpy.float32) for name, value in weights.items()}
    nodes = [
        helper.make_node("Conv", ["image", "first"], ["a"], name="conv1", strides=[2, 2], pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["a"], ["b"], name="relu1"),
        helper.make_node("Conv", ["b", "second"], ["c"], name="conv2", strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["d"], name="relu2"),
        helper.make_node("GlobalMaxPool", ["d"], ["e"], name="pool"),
        helper.make_node("Flatten", ["e"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "last"], ["scores"], name="fc", transB=1),
    ]
    first, second = (torch.from_numpy(weights[name]).double() for name in ["first", "second"])

    def features(x):
        x = F.relu(F.conv2d(x, first, stride=2, padding=2))
        return F.relu(F.conv2d(x, second, stride=2)).amax((2, 3))

    # The first needs no resizing, the second is enlarged, the others are reduced.
    sizes = [(32, 40), (29, 35), (75, 32), (33, 50), (64, 64), (100, 71)]
    images = {f"photograph-{i}.png": drawn(random, *size) for i, size in enumerate(sizes)}
    for name, pixels in images.items():
        save(FOLDER / name, pixels)
    # What all photographs have in common decides nothing, so that answers change.
    first_frame = FRAMES[0]
    frames = torch.stack([photograph(FOLDER / name, first_frame)[:, :first_frame, :first_frame] for name in images])
    common = features((frames / 255 - MEAN) / STD).mean(0).numpy()
    weights["last"] -= numpy.outer(weights["last"] @ common, common) / (common @ common)
    weights["last"] = weights["last"].astype(numpy.float32)
    last = torch.from_numpy(weights["last"]).double()
    run = probabilities(lambda x: features(x) @ last.T)
    for frame in FRAMES:
        ending = "" if frame == first_frame else f"-{frame}"
        graph = helper.make_graph(
            nodes,
            "classifier",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, frame, frame])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", classes])],
            [numpy_helper.from_array(value, name) for name, value in weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, FOLDER / f"classifier{ending}.onnx")
        expected = {}
        for name in images:
            sha256 = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
            expected[name] = measures(run, photograph(FOLDER / name, frame), sha256, frame)
        (FOLDER / f"expected{ending}.json").write_text(json.dumps(rounded(expected), indent=1) + "\n")


golden()
