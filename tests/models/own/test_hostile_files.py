"""Hundreds of damaged and malicious files: none runs code, none ends or holds up the program, each gets an answer."""

from __future__ import annotations

import base64
import io
import marshal
import pickle
import tempfile
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from own_archives import LAYER, archive_of, config_of
from own_models import linear_onnx, onnx_model, pooled_onnx, with_nodes
from own_tflite import converted, linear

from lime_core.errors import ModelError
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOAT = TensorProto.FLOAT
Files = dict[str, bytes]


class _Runs:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return (Path.touch, (self.canary,))


def _small_keras(path: Path) -> bytes:
    keras = import_keras()
    pixels = keras.Input((8, 8, 3))
    outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(pixels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.Model(pixels, outputs).save(path)
    return path.read_bytes()


def _damaged(seed: int, content: bytes, flips: int, cuts: int, splices: int) -> Iterator[tuple[str, bytes]]:
    """Yield copies with some bytes changed, with the end missing, and with a piece written over another place."""
    rng = np.random.default_rng(seed)
    for index in range(flips):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 9)):
            changed[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, changed[place] ^ (1 << rng.integers(8))])
        yield f"flip {index}", bytes(changed)
    for index, length in enumerate(rng.integers(1, len(content), cuts)):
        yield f"cut {index}", content[:length]
    for index in range(splices):
        start, target = rng.integers(0, len(content), 2)
        piece = content[start : start + rng.integers(1, 200)]
        yield f"splice {index}", content[:target] + piece + content[target + len(piece) * (index % 2) :]


def _pickles(canary: Path) -> Files:
    files = {}
    for protocol in range(6):
        content = pickle.dumps(_Runs(canary), protocol)
        for ending in ("onnx", "tflite", "keras", "pt", "pkl"):
            files[f"pickle {protocol}.{ending}"] = content
        files[f"pickle {protocol} in an archive.pt"] = archive_of(b"{}", entries={"archive/data.pkl": content})
        files[f"pickle {protocol} as a configuration.keras"] = archive_of(content)
        files[f"pickle {protocol} as weights.keras"] = archive_of(config_of(LAYER), content)[:-1]
        node = helper.make_node("Relu", ["pixels"], ["scores"], payload=content)
        files[f"pickle {protocol} in a node.onnx"] = with_nodes([node])
    return files


def _configurations(canary: Path) -> Files:
    code = f"open({str(canary)!r}, 'w').close()"
    compiled = base64.b64encode(marshal.dumps(compile(code, "f", "exec"))).decode()
    parts: dict[str, dict[str, Any]] = {
        f"code in {name}": {**LAYER, "class_name": name, "config": {"name": "l", "function": [compiled, None, None]}}
        for name in ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper")
    }
    code_value = {"class_name": "__lambda__", "config": {"code": compiled, "defaults": None, "closure": None}}
    parts["code as an activation"] = {**LAYER, "config": {"name": "l", "units": 3, "activation": code_value}}
    for module, name in (
        ("os", "system"),
        ("builtins", "exec"),
        ("subprocess", "run"),
        ("pathlib", "Path"),
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.src.utils.python_utils", "func_load"),
        ("keras.saving", "load_model"),
        ("torch", "load"),
        ("__main__", "Layer"),
    ):
        for kind in (name, "function"):
            parts[f"{module}.{name} as {kind}"] = {
                "module": module,
                "class_name": kind,
                "config": name if kind == "function" else {"name": "l", "args": [code]},
                "registered_name": name,
            }
    return {f"{name}.keras": archive_of(config_of(LAYER, part)) for name, part in parts.items()}


def _archives(canary: Path) -> Files:
    climbing = [f"../{canary.name}", str(canary), "..\\x", "assets/../../../x", "C:\\x"]
    files = {f"climbs {name}.keras": archive_of(config_of(LAYER), entries={name: b"x"}) for name in climbing}
    files["bomb.keras"] = archive_of(config_of(LAYER), bytes(200 << 20))
    files["bomb as a configuration.keras"] = archive_of(b"[" * (200 << 20))
    files["many entries.keras"] = archive_of(config_of(LAYER), entries={f"a/{index}": b"" for index in range(2000)})
    files["deep configuration.keras"] = archive_of(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("config.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("metadata.json", "{}")
    files["link.keras"] = target.getvalue()
    return files


def _nested(levels: int) -> bytes:
    """Return a model whose nodes hold graphs, whose nodes hold graphs; deeper than ONNX's own library can write."""
    graph = b""
    for field in (7, *((1, 5, 6) * levels))[::-1]:
        length, rest = bytearray(), len(graph)
        while rest >= 0x80:
            length.append(rest & 0x7F | 0x80)
            rest >>= 7
        graph = bytes([field << 3 | 2, *length, rest]) + graph
    return linear_onnx() + graph


def _graphs() -> Files:
    mean = helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[2, 3], keepdims=0)
    files = {"nested.onnx": _nested(20), "deeply nested.onnx": _nested(60), "very deeply nested.onnx": _nested(20_000)}
    circle = [helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])]
    files["circle.onnx"] = with_nodes([*circle, helper.make_node("Add", ["means", "b"], ["scores"]), mean])
    for power in (12, 16, 20, 31, 62):
        sides = {"sides": np.array([1 << power, 1 << power // 2], np.int64)}
        zeros = [
            helper.make_node("ConstantOfShape", ["sides"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["sum"]),
        ]
        add = helper.make_node("Add", ["means", "sum"], ["scores"])
        files[f"zeros 2^{power}.onnx"] = with_nodes([mean, *zeros, add], constants=sides)
        tile = helper.make_node("Tile", ["means", "sides"], ["scores"])
        files[f"tiles 2^{power}.onnx"] = with_nodes(
            [mean, tile], constants={"sides": np.array([1, 1 << power], np.int64)}
        )
        files[f"picture 2^{power}.onnx"] = pooled_onnx(["N", 3, 1 << power, 1 << power])
    for location in ("/etc/passwd", "../../../etc/passwd", "model.onnx", "/dev/zero", "/proc/self/mem"):
        model = onnx_model(linear_onnx())
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)
        files[f"outside {location}.onnx"] = bytes(model.SerializeToString())
    return files


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "canary"


@pytest.fixture(scope="module")
def files(canary: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    sources = {
        "onnx": (linear_onnx(first=False), 55, 20, 15),
        "tflite": (converted(linear()), 40, 15, 8),
        "keras": (_small_keras(tmp_path_factory.mktemp("keras") / "small.keras"), 20, 20, 10),
    }
    damaged = {
        f"{name}.{kind}": content
        for seed, (kind, (source, *counts)) in enumerate(sources.items())
        for name, content in _damaged(seed, source, *counts)
    }
    return {**damaged, **_pickles(canary), **_configurations(canary), **_archives(canary), **_graphs()}


def _answer(name: str, content: bytes) -> str:
    try:
        model = read_model(content, name=name, max_bytes=100 << 20, max_seconds=30)
        engine = OpenVINOEngine(model.graph, model.input_size, Plan(2), channels=model.channels)
        outputs = engine.predict(np.zeros((1, *model.input_size, model.channels), np.float32))
    except ModelError as error:
        return str(error)
    return f"read: {len(outputs)} picture"


def test_every_file_is_read_or_refused_in_words_and_none_runs_code(
    files: Files, canary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(_answer, files, files.values()))
    refused = [answer for answer in answers if answer != "read: 1 picture"]
    assert len(files) >= 300
    assert len(refused) >= 200
    for message in refused:
        assert message.endswith((".", '")', ")", "`."))
        assert len(message) < 2000
        assert message.replace("\n", "").isprintable()
    assert not canary.exists()
    assert not list(canary.parent.iterdir())
    assert list(tmp_path.iterdir()) == []
