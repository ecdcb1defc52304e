"""Makes test/golden/checkpoints/*.pth, small files written by torch.save, and expected.json with what they hold.

    python3 test/golden/make_checkpoints.py

Files in tar form, which torch.save wrote up to 0.1.10, are put together here and checked by torch.load.
Made with torch 2.6.
"""

import copyreg
import io
import json
import pickle
import struct
import tarfile
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).parent / "checkpoints"


def module_state():
    """A module's state dict, with its _metadata and the scalar num_batches_tracked."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).state_dict()


def parameters():
    return {"weight": nn.Parameter(torch.arange(6.0).reshape(2, 3)), "bias": nn.Parameter(torch.tensor([0.5, -0.5]))}


def views():
    """Tensors that share a storage, with offsets and strides of all kinds, an empty one and a scalar."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    return {
        "whole": base,
        "transposed": base.permute(2, 0, 1),
        "slice": base[1, :, 1:3],
        "row": base[0, 2],
        "every second": base.flatten()[::2],
        "scalar": base[1, 1, 1],
        "empty": torch.zeros(0, 4),
        "unit axis": base[:, 1:2, :],
    }


def training_state():
    """What a training script saves: the state dict under a key, keys prefixed by DataParallel, and other things."""
    network = nn.DataParallel(nn.Linear(3, 2))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network.module(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"epoch": 90, "arch": "linear", "best": 56.5, "state_dict": network.state_dict(), "optimizer": optimizer.state_dict()}


def types():
    numbers = torch.tensor([[0.0, 1.5, -2.25], [65504.0, 2.0**-24, -0.125]])
    names = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
    whole = torch.tensor([[0, 1, 2], [100, 7, 3]])
    return {n: (numbers if "float" in n else whole).to(getattr(torch, n)) for n in names}


class OldParameter:
    """Pickles as Parameters did: the tensor among the arguments (up to 0.3), or, before that, with the attributes."""

    def __init__(self, tensor, with_attributes):
        self.reduced = (nn.Parameter, (tensor,), (True, False, OrderedDict()))
        if with_attributes:
            self.reduced = (copyreg.__newobj__, (nn.Parameter,), (tensor, None, OrderedDict(), True, False))

    # The pickler compares it with the class that is to be made.
    __class__ = property(lambda self: nn.Parameter)

    def __reduce_ex__(self, protocol):
        return self.reduced


class TarPickler(pickle.Pickler):
    def persistent_id(self, value):
        return str(id(value)) if type(value) is torch.Tensor else None


def save_tar(path, state):
    """Writes a dictionary of float32 tensors, by turns as tensors and as Parameters of both kinds.

    Storages are keyed 1000, 1001, …; a tensor with an offset gets a storage of its own, a view of the other.
    """
    roots, views, records = {}, [], []
    for tensor in state.values():
        storage, offset = tensor.untyped_storage(), tensor.storage_offset()
        key = roots.setdefault(storage.data_ptr(), (1000 + len(roots), storage))[0]
        if offset > 0:
            views.append((2000 + len(views), key, offset, storage.nbytes() // 4 - offset))
            key = views[-1][0]
        # (id of the tensor, key of the storage, torch.FloatTensor): the last has to be spelled out.
        ids = pickle.dumps(id(tensor), 2)[:-1] + pickle.dumps(key, 2)[2:-1]
        layout = struct.pack(f"<{2 * tensor.dim() + 1}q", *tensor.shape, *tensor.stride(), 0)
        records.append(ids + b"ctorch\nFloatTensor\n\x87." + struct.pack("<ixxxx", tensor.dim()) + layout)
    storages = [pickle.dumps(len(roots), 2)]
    for key, storage in roots.values():
        storages.append(pickle.dumps((key, "cpu", torch.FloatStorage), 2))
        storages.append(struct.pack("<q", storage.nbytes() // 4) + bytes(storage))
    forms = (lambda t: t, lambda t: OldParameter(t, False), lambda t: OldParameter(t, True))
    content = io.BytesIO()
    TarPickler(content, 2).dump(OrderedDict((k, forms[i % 3](t)) for i, (k, t) in enumerate(state.items())))
    members = {
        "sys_info": pickle.dumps({}, 2),
        "pickle": content.getvalue(),
        "tensors": pickle.dumps(len(records), 2) + b"".join(records),
        "storages": b"".join(storages) + pickle.dumps(views, 2),
    }
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as tar:
        for name, member in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(member)
            tar.addfile(info, io.BytesIO(member))
    check(path, state)


class StorageView:
    """Pickles, in the legacy form, as a storage that is part of another."""

    def __init__(self, root, start, count):
        self.id = ("storage", torch.FloatStorage, "7", "cpu", root.numel(), ("8", start, count))


class LegacyPickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, StorageView) else None


class ViewTensor:
    def __init__(self, view, shape, strides, offset):
        self.args = (view, offset, shape, strides, False, OrderedDict())

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.args


def save_legacy_views(path, root):
    """Writes the elements 4 to 19 of a storage as a storage, and of these 2 to 13 as a tensor."""
    view = StorageView(root, 4, 16)
    with open(path, "wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}):
            pickle.dump(value, file, 2)
        LegacyPickler(file, 2).dump({"part": ViewTensor(view, (3, 4), (4, 1), 2)})
        pickle.dump(["7"], file, 2)
        file.write(struct.pack("<q", root.numel()) + bytes(root.untyped_storage()))
    state = {"part": root.flatten()[6:18].reshape(3, 4)}
    check(path, state)
    return state


def check(path, state):
    loaded = torch.load(path, weights_only=False)
    assert loaded.keys() == state.keys()
    for key, tensor in loaded.items():
        assert torch.equal(tensor, state[key]), key


def describe(tensor):
    values = tensor.detach().to(torch.float64).flatten().tolist()
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": values}


def main():
    FOLDER.mkdir(exist_ok=True)
    expected = OrderedDict()
    makers = {"module": module_state, "parameters": parameters, "views": views, "training": training_state, "types": types}
    for name, make in makers.items():
        content = make()
        tensors = content.get("state_dict", content)
        described = {key.removeprefix("module."): describe(tensor) for key, tensor in tensors.items()}
        for form, is_zip in (("zip", True), ("legacy", False)):
            torch.save(content, FOLDER / f"{name}-{form}.pth", _use_new_zipfile_serialization=is_zip)
            expected[f"{name}-{form}.pth"] = described
    plain = {"views": views(), "module": {k: t for k, t in module_state().items() if t.dtype == torch.float32}}
    for name, state in plain.items():
        save_tar(FOLDER / f"{name}-tar.pth", state)
        expected[f"{name}-tar.pth"] = {key: describe(tensor) for key, tensor in state.items()}
    parts = save_legacy_views(FOLDER / "parts-legacy.pth", torch.arange(24.0))
    expected["parts-legacy.pth"] = {key: describe(tensor) for key, tensor in parts.items()}
    torch.save(nn.Linear(2, 2), FOLDER / "whole-module-zip.pth")
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
