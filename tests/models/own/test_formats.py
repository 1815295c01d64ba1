from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
from own_archives import archive_of, config_of
from own_models import linear_onnx

from lime_core.errors import ModelError
from lime_core.models.own.reading import read_model


class _Runs:
    """A pickle of this creates a file when it is read."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return (Path.touch, (self.canary,))


def _zip(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return target.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("ending", [".onnx", ".tflite", ".keras", ".pkl", ".pt", ""])
def test_a_pickle_is_refused_for_what_it_is_and_never_read(tmp_path: Path, protocol: int, ending: str) -> None:
    canary = tmp_path / "canary"
    content = pickle.dumps(_Runs(canary), protocol)
    with pytest.raises(ModelError, match="pickle: reading one runs whatever code is stored in it"):
        read_model(content, name=f"model{ending}")
    assert not canary.exists()
    pickle.loads(content)  # noqa: S301 - the canary works
    assert canary.exists()


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "model.keras", r"old format \(HDF5\)"),
        (b"whatever", "model.h5", r"old format \(HDF5\)"),
        (_zip("model/data.pkl", "model/version"), "model.keras", "PyTorch file"),
        (_zip("model/data.pkl", "model/version"), "model.pt", "PyTorch file"),
        (b"whatever", "model.pth", "PyTorch file"),
        (b"whatever", "model.pkl", "Python pickle"),
        (b"\x08\x01\x12\x00", "saved_model.pb", "TensorFlow SavedModel"),
        (_zip("folder/saved_model.pb"), "model.zip", "TensorFlow SavedModel"),
    ],
)
def test_formats_that_hold_code_are_refused_with_the_lines_that_convert_them(
    content: bytes, name: str, message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read_model(content, name=name)
    lines = [line.strip() for line in str(caught.value).splitlines()[1:]]
    assert len(lines) == 3
    compile("\n".join(lines), name, "exec")


@pytest.mark.parametrize(
    "name", ['x"); import os; os.abort() #.pt', "x'.h5", 'a\n"""b.pkl', "{stem}{0}.pt", "\x1b[2J.pt"]
)
def test_a_name_cannot_put_code_into_the_lines_that_convert_a_file(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_model(b"whatever", name=name)
    lines = "\n".join(line.strip() for line in str(caught.value).splitlines()[1:])
    assert "abort" not in lines
    assert lines.isprintable() or "\x1b" not in str(caught.value)
    compile(lines, "lines", "exec")


def test_a_saved_model_s_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"SavedModel(.|\n)*from_saved_model"):
        read_model(tmp_path)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "model.onnx", "model.onnx is no model file that can be read: it is empty"),
        (b"GIF89a" + bytes(50), "model.onnx", "begins with b'GIF89a"),
        (_zip("readme.txt"), "model.keras", "a zip archive, but no Keras model"),
        (_zip("config.json"), "model.keras", "a zip archive, but no Keras model"),
    ],
)
def test_what_is_no_model_is_refused(content: bytes, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_model(content, name=name)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file missing\.onnx"):
        read_model(tmp_path / "missing.onnx")
    with pytest.raises(ModelError, match="is a folder; a model is a single file"):
        read_model(str(tmp_path))


def test_a_file_that_is_too_large_is_refused_before_it_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(3 << 20)
    with pytest.raises(ModelError, match=r"model\.onnx is larger than the 2 MB"):
        read_model(path, max_bytes=2_000_000)
    with pytest.raises(ModelError, match="holds 4 MB when unpacked"):
        read_model(archive_of(config_of(), bytes(4_000_000)), max_bytes=2_000_000)


def test_the_content_decides_where_the_name_says_something_else() -> None:
    model = read_model(linear_onnx(), name="model.h5")
    assert model.kind == "onnx"
    assert model.notes[0] == "The file's name ends in .h5, but its content is ONNX: it is read as that."
