"""The folder of results holds one picture's files, and is written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import signal
from dataclasses import replace

import known_attributions
import pytest

import lime_core as lc
from lime_core.cli import results
from lime_core.cli.earlier_results import files_to_replace, picture_name, picture_of_method
from lime_core.cli.results import OutputFolder
from lime_core.errors import LimeError

ABOUT = known_attributions.shared()["provenance"]


def write(folder, texts, command="explain", about=ABOUT):
    output = OutputFolder(folder)
    with output.writing(command, about) as draft:
        for name, text in texts.items():
            (draft / name).write_text(text)
    return output


def fail_halfway(folder, error):
    with OutputFolder(folder).writing("explain", ABOUT) as draft:
        (draft / "numbers.json").write_text("half")
        raise error


def contents(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


def explanation_of(about=ABOUT, name="tabby cat"):
    attribution = replace(known_attributions.explain(), provenance=about)
    named = tuple(replace(item, name=name) for item in attribution.classes)
    return replace(attribution, classes=named).to_json()


def files_of_explain(about=ABOUT, name="tabby cat"):
    return {"explanation.json": explanation_of(about, name), "neighborhood.npz": "n", picture_name(1, 7, name): "p"}


def files_of_trust(about=ABOUT):
    return {"trust.json": json.dumps({"explanation": json.loads(explanation_of(about))})}


def test_results_appear_beside_what_was_there(tmp_path):
    folder = tmp_path / "new" / "results"
    for text in ("first", "second"):
        output = OutputFolder(folder)
        with output.writing("explain", ABOUT) as draft:
            (draft / "numbers.json").write_text(text)
            assert not (folder / "numbers.json").exists() or text == "second"
            assert not output.written
        assert output.written
        (folder / "mine.txt").write_text("mine")
    assert contents(folder) == {"numbers.json": "second", "mine.txt": "mine"}


def test_nothing_is_left_of_results_that_were_not_finished(tmp_path):
    folder = tmp_path / "deep" / "results"
    with pytest.raises(KeyboardInterrupt):
        fail_halfway(folder, KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_earlier_results_outlive_a_failure(tmp_path):
    (tmp_path / "numbers.json").write_text("earlier")
    with pytest.raises(KeyError):
        fail_halfway(tmp_path, KeyError)
    assert contents(tmp_path) == {"numbers.json": "earlier"}


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "results", tmp_path / "file", tmp_path / "parent" / ("x" * 300)):
        with pytest.raises(LimeError, match="Choose another --output"):
            OutputFolder(path).check()
        with pytest.raises(LimeError, match="Choose another --output"):
            write(path, {"a": "a"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_read_only_folder_is_explained(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(results.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(LimeError, match="Read-only file system"):
        OutputFolder(tmp_path / "results").check()
    assert list(tmp_path.iterdir()) == []


def test_a_check_leaves_nothing(tmp_path):
    OutputFolder(tmp_path / "a" / "b").check()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_a_files_way_is_named_and_nothing_is_moved(tmp_path):
    (tmp_path / "explanation.json").mkdir()
    with pytest.raises(LimeError, match=r"explanation\.json: there is a folder of that name"):
        OutputFolder(tmp_path).check()
    (tmp_path / "explanation.json").rmdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a").write_text("earlier")
    with pytest.raises(LimeError, match="b: there is a folder"):
        write(tmp_path, {"a": "new", "b": "new"})
    assert (tmp_path / "a").read_text() == "earlier"


def test_an_address_is_no_folder():
    with pytest.raises(LimeError, match=r"s3://bucket/results is an address"):
        OutputFolder("s3://bucket/results")


def test_files_of_another_picture_do_not_stay(tmp_path):
    write(tmp_path, files_of_explain(name="tabby cat"))
    write(tmp_path, files_of_trust(), "trust")
    (tmp_path / "mine.txt").write_text("mine")
    other = replace(ABOUT, image_sha256="other")
    new = files_of_explain(other, name="espresso")
    write(tmp_path, new, about=other)
    assert contents(tmp_path) == {**new, "mine.txt": "mine"}


def test_both_commands_about_one_picture_share_a_folder(tmp_path):
    write(tmp_path, files_of_explain())
    write(tmp_path, files_of_trust(), "trust")
    write(tmp_path, files_of_explain(name="lynx"))
    assert contents(tmp_path).keys() == {*files_of_explain(name="lynx"), "trust.json"}
    other = replace(ABOUT, model="another")
    write(tmp_path, files_of_trust(other), "trust", other)
    assert contents(tmp_path) == files_of_trust(other)


def files_of_methods(about=ABOUT, methods=("lime", "rise"), name="tabby cat"):
    rows = [{"method": method, "classes": [{"index": 7, "name": name}]} for method in methods]
    document = {"methods": rows, "provenance": json.loads(explanation_of(about))["provenance"]}
    pictures = {picture_of_method(method, picture_name(1, 7, name)): "p" for method in methods}
    return {"methods.json": json.dumps(document), **pictures}


def test_pictures_of_methods_that_are_compared_no_more_do_not_stay(tmp_path):
    write(tmp_path, files_of_explain())
    write(tmp_path, files_of_methods(), "methods")
    fewer = files_of_methods(methods=("lime",))
    write(tmp_path, fewer, "methods")
    assert contents(tmp_path).keys() == {*files_of_explain(), *fewer}
    other = replace(ABOUT, image_sha256="other")
    write(tmp_path, files_of_trust(other), "trust", other)
    assert contents(tmp_path) == files_of_trust(other)


@pytest.mark.parametrize("method", ["../outside", "a/b", "", 3, None, ["lime"]])
def test_a_document_cannot_name_files_outside_the_folder(tmp_path, method):
    (tmp_path / "methods.json").write_text(
        json.dumps({"methods": [{"method": method, "classes": [{"index": 7, "name": "a"}]}, "lime"]})
    )
    assert files_to_replace(tmp_path, "methods", ABOUT) == {"methods.json"}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"classes": 3}', '{"classes": [{"name": 1}, null]}'])
def test_a_damaged_document_of_an_earlier_run_is_replaced(tmp_path, text):
    (tmp_path / "explanation.json").write_text(text)
    assert files_to_replace(tmp_path, "trust", ABOUT) == {"explanation.json", "neighborhood.npz"}


def test_a_failure_while_files_are_moved_leaves_all_as_it_was(tmp_path, monkeypatch):
    write(tmp_path, files_of_explain())
    before = contents(tmp_path)
    move = results._move

    def fail_at_the_last(origin, target, moved):
        if origin.name == "z.txt":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        move(origin, target, moved)

    monkeypatch.setattr(results, "_move", fail_at_the_last)
    with pytest.raises(LimeError, match="No space left on device"):
        write(tmp_path, {"explanation.json": "new", "a.txt": "new", "z.txt": "new"})
    assert contents(tmp_path) == before


def test_an_interrupt_waits_until_the_files_are_in_place(tmp_path, monkeypatch):
    move = results._move

    def interrupted(origin, target, moved):
        os.kill(os.getpid(), signal.SIGINT)
        move(origin, target, moved)

    monkeypatch.setattr(results, "_move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "results", {"a": "a", "b": "b"})
    assert contents(tmp_path / "results") == {"a": "a", "b": "b"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Egyptian cat", "2-egyptian-cat.png"),
        ("Café, crème", "2-cafe-creme.png"),
        ("кошка", "2-285.png"),
        ("../../etc/passwd", "2-etc-passwd.png"),
        ("", "2-285.png"),
        ("x" * 400, f"2-{'x' * 80}.png"),
    ],
)
def test_a_picture_is_named_after_its_class(name, file):
    assert picture_name(2, 285, name) == file


def test_the_names_of_an_explanations_pictures_follow_from_its_document(tmp_path):
    explanation = lc.Explanation.from_json(explanation_of())
    names = {picture_name(1, item.index, item.name) for item in explanation.classes}
    (tmp_path / "explanation.json").write_text(explanation.to_json())
    assert names < files_to_replace(tmp_path, "explain", ABOUT)
