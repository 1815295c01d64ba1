"""What the child process writes is believed no more than the file itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from own_models import linear_onnx

from lime_core.errors import ModelError
from lime_core.models.own.graph_check import checked_structure
from lime_core.models.own.model import Head
from lime_core.models.own.reading import read_model
from lime_core.models.own.returned import read_facts, read_graph

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.engines.openvino_graph import Graph

FACTS = {
    "input_size": [6, 5],
    "channels": 3,
    "outputs": [["scores", 4]],
    "output": "scores",
    "last_operation": "softmax",
    "scales_inside": False,
    "seconds_per_picture": 0.01,
    "metadata": "",
    "labels": None,
    "notes": ["A note."],
}


def check(structure: bytes, weights: int) -> bytes:
    return checked_structure(structure, weights, (6, 5, 3), 4)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read_model(linear_onnx()).graph


def test_a_sound_graph_passes_unchanged(graph: Graph) -> None:
    assert check(graph.structure, len(graph.weights)) == graph.structure


def test_what_only_informs_is_left_out(graph: Graph) -> None:
    added = graph.structure.replace(b"<layers>", b"<rt_info><anything><deep/></anything></rt_info><layers>")
    assert check(added, len(graph.weights)) == graph.structure


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'version="opset1"', b'version="extension"', "is from 'extension'"),
        (b'version="opset1"', b'version="opset1/../x"', "is from"),
        (b"<layers>", b'<layers><layer id="x" type="ReadValue" version="opset6"/>', "keeps numbers from one picture"),
        (b"<layers>", b'<layers><layer id="x" type="Assign" version="opset6"/>', "keeps numbers from one picture"),
        (b"<layers>", b"<script/><layers>", "an element <script>"),
        (b"<layers>", b"<layers><layer/>", "type"),
        (b"<dim>3</dim>", b"<dim>3000000000</dim>", "an array has the shape"),
        (b"<dim>3</dim>", b"<dim>-2</dim>", "an array has the shape"),
        (b"<dim>3</dim>", b"<dim>three</dim>", "three"),
        (b'offset="0"', b'offset="999999999"', "beyond the end"),
        (b'offset="0"', b'offset="-8"', "beyond the end"),
        (b'element_type="f32"', b'element_type="string"', "string"),
        (b'element_type="f32" shape="4', b'element_type="f32" shape="4000', "beyond the end"),
        (b"</edges>", b'<edge from-layer="1" to-layer="2"/><edge from-layer="2" to-layer="1"/></edges>', "cycle"),
        (b"<net", b"<other", "mismatched"),
        (b"<?xml version='1.0' encoding='utf-8'?>", b'<!DOCTYPE net [<!ENTITY a "aaaa">]>', "document type"),
        (b"<?xml version='1.0' encoding='utf-8'?>", b"\xff\xfe", "utf-8"),
        (b"</net>", b"", "no element|unclosed"),
    ],
)
def test_a_graph_that_asks_for_more_is_refused(graph: Graph, old: bytes, new: bytes, message: str) -> None:
    assert old in graph.structure
    with pytest.raises(ModelError, match=message):
        check(graph.structure.replace(old, new), len(graph.weights))


def test_a_million_nested_elements_do_not_end_the_program(graph: Graph) -> None:
    nested = graph.structure.replace(b"<layers>", b"<body>" * 100_000 + b"</body>" * 100_000 + b"<layers>")
    with pytest.raises(ModelError, match="recursion"):
        check(nested, len(graph.weights))


def test_shorter_numbers_than_the_graph_wants_are_refused(graph: Graph) -> None:
    with pytest.raises(ModelError, match="beyond the end"):
        check(graph.structure, len(graph.weights) - 1)


def _folder(path: Path, facts: Any, graph: Graph | None = None) -> Path:
    (path / "facts.json").write_text(facts if isinstance(facts, str) else json.dumps(facts))
    if graph is not None:
        (path / "graph.xml").write_bytes(graph.structure)
        (path / "graph.bin").write_bytes(graph.weights)
    return path


def test_sound_results_are_read(tmp_path: Path, graph: Graph) -> None:
    _folder(tmp_path, FACTS, graph)
    facts = read_facts(tmp_path)
    assert facts["outputs"] == (Head("scores", 4),)
    assert (facts["input_size"], facts["notes"]) == ((6, 5), ("A note.",))
    assert read_graph(tmp_path, 1 << 20, facts) == graph


@pytest.mark.parametrize(
    "facts",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        *(json.dumps({key: value for key, value in FACTS.items() if key != left_out}) for left_out in FACTS),
        {**FACTS, "input_size": [6]},
        {**FACTS, "input_size": [6, -5]},
        {**FACTS, "input_size": [6, 5.0]},
        {**FACTS, "input_size": [6, True]},
        {**FACTS, "input_size": [6, 1 << 40]},
        {**FACTS, "channels": 2},
        {**FACTS, "channels": [3]},
        {**FACTS, "outputs": [["scores", "4"]]},
        {**FACTS, "outputs": 3},
        {**FACTS, "output": "other"},
        {**FACTS, "last_operation": "eval"},
        {**FACTS, "last_operation": ["softmax"]},
        {**FACTS, "notes": None},
    ],
)
def test_facts_of_another_form_are_refused(tmp_path: Path, facts: Any) -> None:
    with pytest.raises(ModelError, match="its description is"):
        read_facts(_folder(tmp_path, facts))


def test_messages_cannot_control_a_terminal_or_fill_a_page(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_facts(_folder(tmp_path, {"error": "\x1b[2J" + "x" * 100_000}))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 2000


@pytest.mark.parametrize("name", ["facts.json", "graph.xml", "graph.bin"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "missing"])
def test_only_plain_files_are_read(tmp_path: Path, graph: Graph, name: str, kind: str) -> None:
    _folder(tmp_path, FACTS, graph)
    path = tmp_path / name
    moved = path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(ModelError, match=f"{name} is (missing|no file)"):
        read_graph(tmp_path, 1 << 20, read_facts(tmp_path))


def test_more_numbers_than_allowed_are_refused(tmp_path: Path, graph: Graph) -> None:
    with pytest.raises(ModelError, match=r"graph\.bin is larger than"):
        read_graph(_folder(tmp_path, FACTS, graph), len(graph.weights) - 1, read_facts(tmp_path))


def test_a_graph_that_is_not_the_one_of_the_facts_is_refused(tmp_path: Path, graph: Graph) -> None:
    for changed, message in (({"channels": 1}, "its inputs"), ({"outputs": [["scores", 5]]}, "each of 5 classes")):
        _folder(tmp_path, {**FACTS, **changed}, graph)
        with pytest.raises(ModelError, match=message):
            read_graph(tmp_path, 1 << 20, read_facts(tmp_path))
