import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from lime_core.errors import WeightsError
from lime_core.models.files.checkpoint import read_state_dict

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Storage:
    """Pickles as a reference to a storage, as PyTorch writes it."""

    def __init__(self, key, values, count=None):
        self.key, self.values = key, np.asarray(values, np.float32)
        self.count = len(self.values) if count is None else count


class Global:
    """Pickles as a bare name of a module, here as one that need not exist."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())


class Writer(pickle._Pickler):
    """Writes the names of PyTorch's classes without having them."""

    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", Global("torch", "FloatStorage"), obj.key, "cpu", obj.count, None)
        return None

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Global):
            return self.write(f"c{obj.module}\n{obj.name}\n".encode())
        if isinstance(obj, Tensor):
            self.save(Global("torch._utils", "_rebuild_tensor_v2"))
            super().save(obj.arguments)
            return self.write(pickle.REDUCE)
        return super().save(obj, save_persistent_id)


def write_checkpoint(path, state, storages, *, magic=MAGIC, machine=None, announced=None):
    with path.open("wb") as file:
        machine = machine or {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {}}
        for part in (magic, PROTOCOL, machine, state, [storage.key for storage in storages]):
            Writer(file, protocol=2).dump(part)
        for storage in storages:
            file.write(struct.pack("<q", len(storage.values) if announced is None else announced))
            file.write(storage.values.tobytes())


def test_tensors_come_back_with_their_strides_undone(tmp_path):
    storage = Storage("a", np.arange(7))
    state = OrderedDict(plain=Tensor(storage, 1, (2, 3), (3, 1)), turned=Tensor(storage, 1, (3, 2), (1, 3)))
    write_checkpoint(tmp_path / "x.pth", state, [storage])
    tensors = read_state_dict(tmp_path / "x.pth")
    assert list(tensors) == ["plain", "turned"]
    np.testing.assert_array_equal(tensors["plain"], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(tensors["turned"], [[1, 4], [2, 5], [3, 6]])
    assert all(tensor.dtype == np.float32 and tensor.flags.c_contiguous for tensor in tensors.values())


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("place", ["first", "state"])
def test_a_hostile_pickle_is_refused_and_nothing_in_it_runs(tmp_path, place):
    marker = tmp_path / "exploded"
    if place == "first":
        (tmp_path / "x.pth").write_bytes(pickle.dumps(Bomb(marker)))
    else:
        write_checkpoint(tmp_path / "x.pth", OrderedDict(bomb=Bomb(marker)), [])
    with pytest.raises(WeightsError, match=r"(posix|nt)\.mkdir"):
        read_state_dict(tmp_path / "x.pth")
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", ["builtins\neval", "os\nsystem", "torch\nload", "torch._utils\n__builtins__", "collections\ndeque"]
)
def test_any_name_but_the_four_allowed_ones_is_refused(tmp_path, name):
    (tmp_path / "x.pth").write_bytes(f"c{name}\n.".encode())
    with pytest.raises(WeightsError, match="it asks for"):
        read_state_dict(tmp_path / "x.pth")


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (5,), (1,)), (4, (1,), (1,)), (-1, (2,), (1,)), (0, (2, 2), (3, 1)), (3, (2,), (-1,)), (0, (9, 9), (0, 0))],
)
def test_a_tensor_outside_its_storage_is_refused(tmp_path, offset, shape, strides):
    storage = Storage("a", np.arange(4))
    write_checkpoint(tmp_path / "x.pth", {"w": Tensor(storage, offset, shape, strides)}, [storage])
    with pytest.raises(WeightsError, match="outside its storage"):
        read_state_dict(tmp_path / "x.pth")


@pytest.mark.parametrize("count", [-1, 3, 5, 1 << 60])
def test_a_storage_of_another_length_than_announced_is_refused(tmp_path, count):
    storage = Storage("a", np.arange(4))
    write_checkpoint(tmp_path / "x.pth", {"w": Tensor(storage, 0, (4,), (1,))}, [storage], announced=count)
    with pytest.raises(WeightsError, match="states"):
        read_state_dict(tmp_path / "x.pth")


def test_a_storage_larger_than_the_file_is_refused(tmp_path):
    storage = Storage("a", np.arange(4), count=1 << 40)
    write_checkpoint(tmp_path / "x.pth", {"w": Tensor(storage, 0, (4,), (1,))}, [storage], announced=1 << 40)
    with pytest.raises(WeightsError, match="states"):
        read_state_dict(tmp_path / "x.pth")


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    storage = Storage("a", np.arange(4))
    write_checkpoint(tmp_path / "x.pth", {"w": Tensor(storage, 0, (4,), (1,))}, [storage])
    whole = (tmp_path / "x.pth").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(WeightsError, match="not a usable"):
            read_state_dict(tmp_path / "cut.pth")


def test_another_format_is_refused(tmp_path):
    write_checkpoint(tmp_path / "x.pth", {}, [], magic=7)
    with pytest.raises(WeightsError, match="magic"):
        read_state_dict(tmp_path / "x.pth")


def test_a_big_endian_file_is_refused(tmp_path):
    write_checkpoint(tmp_path / "x.pth", {}, [], machine={"little_endian": False})
    with pytest.raises(WeightsError, match="big-endian"):
        read_state_dict(tmp_path / "x.pth")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.pth cannot be read"):
        read_state_dict(tmp_path / "nowhere.pth")
