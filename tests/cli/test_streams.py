"""Output in other encodings, to a full disk, or to nobody; and whole runs around a model that costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import lime_core as lc
from lime_core.cli.main import main
from lime_core.cli.streams import make_printable, print_error
from lime_core.cli.tables import Column, print_table

FULL = Path("/dev/full")
NAMES = ("tabby, tabby cat", "кошка", "猫", "naïve “cat” \ud800", "tiger × lion")
# Runs the command line around a model of five colours, which costs nothing.
RUN = """
import sys
import numpy as np
import lime_core as lc
from lime_core.cli.main import main

def colours(images):
    means = images.reshape(len(images), -1, 3).mean(axis=1) / 256
    return np.concatenate([means, means[:, :2] / 2], axis=1)

names = NAMES
lc.models.load_classifier = lambda *_, **__: lc.CallableClassifier(colours, 32, names, id="colours")
sys.exit(main(sys.argv[1:]))
""".replace("NAMES", repr(NAMES))


def run(*words, stdout=subprocess.PIPE, **environment):
    command = [sys.executable, "-c", RUN, *map(str, words)]
    done = subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, check=False, env={**os.environ, **environment}
    )
    assert b"Traceback" not in done.stderr
    return done


@pytest.fixture
def asked(monkeypatch):
    """How many pictures the model of a run in this process has been asked about."""
    count = []

    def colours(images):
        count.append(len(images))
        means = images.reshape(len(images), -1, 3).mean(axis=1) / 256
        return np.concatenate([means, means[:, :2] / 2], axis=1)

    monkeypatch.setattr(
        "lime_core.models.load_classifier", lambda *_, **__: lc.CallableClassifier(colours, 32, NAMES, id="colours")
    )
    return count


@pytest.mark.parametrize("encoding", ["cp1251", "gbk", "ascii", "utf-8"])
def test_a_run_ends_well_whatever_letters_the_output_has(cat, tmp_path, encoding):
    out = tmp_path / "out"
    flags = ["--samples", "60", "--output", out]
    done = run("explain", cat, *flags, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    assert "tabby, tabby cat" in text
    assert "held-out R2" in text or "held-out R²" in text
    assert ("кошка" in text) == (encoding in ("cp1251", "gbk", "utf-8"))
    assert len(list(out.glob("*.png"))) == 5


def test_what_an_encoding_lacks_is_spelled_out(monkeypatch, tmp_path):
    with (tmp_path / "out.txt").open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        make_printable()
        stream.write("3 × 4 ± 1, R² “é” 猫\n")
    assert (tmp_path / "out.txt").read_text() == '3 x 4 +/- 1, R2 "e" ?\n'


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full is there on Linux only")
@pytest.mark.parametrize("words", [["models"], ["--help"], ["explain", "--help"], ["--version"]])
def test_a_full_disk_behind_the_output_is_an_error_in_words(words):
    with FULL.open("wb") as full:
        done = run(*words, stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().strip() == "error: Standard output cannot be written: No space left on device."


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full is there on Linux only")
def test_a_full_disk_behind_the_table_does_not_lose_the_results(cat, tmp_path):
    with FULL.open("wb") as full:
        done = run("explain", cat, "--samples", "60", "--output", tmp_path / "out", stdout=full)
    assert done.returncode == 1
    assert f"The results are in {tmp_path / 'out'}, complete." in done.stderr.decode()
    assert (tmp_path / "out" / "explanation.json").is_file()


def test_a_program_without_any_output_does_its_work(cat, tmp_path):
    command = [sys.executable, "-c", RUN, "explain", str(cat), "--samples", "60", "--output", str(tmp_path / "out")]
    script = 'exec "$@" >&- 2>&-'
    assert subprocess.run(["sh", "-c", script, "sh", *command], check=False).returncode == 0
    assert (tmp_path / "out" / "explanation.json").is_file()


@pytest.mark.parametrize("command", ["explain", "trust"])
def test_an_output_that_cannot_be_written_is_found_before_the_model_is_asked(cat, tmp_path, capsys, asked, command):
    (tmp_path / "file").write_text("")
    assert main([command, str(cat), "--output", str(tmp_path / "file")]) == 1
    assert "Choose another --output" in capsys.readouterr().err
    assert asked == []


def test_two_pictures_in_one_folder_do_not_mix(cat, tmp_path, asked, capsys):
    out = tmp_path / "out"
    red = tmp_path / "red.png"
    PIL.Image.fromarray(np.full((60, 80, 3), (200, 40, 40), np.uint8)).save(red)
    segmentation = ["--segmentation", "grid", "--samples", "60", "--quiet", "--output", str(out)]
    assert main(["explain", str(cat), "--classes", "3", *segmentation]) == 0
    assert main(["trust", str(cat), "--trials", "curves", *segmentation]) == 0
    assert len(list(out.iterdir())) == 2 + 3 + 1
    assert main(["explain", str(red), "--classes", "1", *segmentation]) == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "1-tabby-tabby-cat.png",
        "explanation.json",
        "neighborhood.npz",
    ]
    explanation = lc.Explanation.from_json((out / "explanation.json").read_text())
    assert explanation.provenance.image_sha256 == lc.load_image(red).sha256


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_interrupted_before_the_end_nothing_is_written(cat, tmp_path, asked, capsys, monkeypatch):
    monkeypatch.setattr("lime_core.cli.explain.render", interrupt)
    assert main(["explain", str(cat), "--samples", "60", "--output", str(tmp_path / "a" / "out")]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted. No results were written."
    assert not (tmp_path / "a").exists()


def test_terminated_it_cleans_up_like_interrupted(cat, tmp_path, asked, capsys, monkeypatch):
    def terminate(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("lime_core.cli.explain.render", terminate)
    assert main(["explain", str(cat), "--samples", "60", "--output", str(tmp_path / "a" / "out")]) == 143
    assert capsys.readouterr().err.strip() == "Interrupted. No results were written."
    assert not (tmp_path / "a").exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_interrupted_after_the_files_are_there_it_says_so(cat, tmp_path, asked, capsys, monkeypatch):
    monkeypatch.setattr("lime_core.cli.explain.print_table", interrupt)
    assert main(["explain", str(cat), "--samples", "60", "--output", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err.strip() == f"Interrupted. The results are in {tmp_path / 'out'}, complete."
    assert (tmp_path / "out" / "explanation.json").is_file()


def test_a_table_calls_superpixels_by_the_numbers_of_the_users_own_map(cat, tmp_path, asked, capsys):
    labels = 100 + 50 * (np.arange(300)[:, None] // 100) + np.arange(451)[None, :] // 200
    path = tmp_path / "map.png"
    PIL.Image.fromarray(labels.astype(np.uint8)).save(path)
    flags = ["--label-map", str(path), "--samples", "100", "--classes", "1", "--quiet"]
    assert main(["explain", str(cat), *flags, "--output", str(tmp_path / "out")]) == 0
    explanation = lc.Explanation.from_json((tmp_path / "out" / "explanation.json").read_text())
    assert explanation.superpixel_ids.tolist() == [100, 101, 102, 150, 151, 152, 200, 201, 202]
    strongest = explanation.top_features(explanation.classes[0].index, 3)
    printed = capsys.readouterr().out
    assert f"  {explanation.id_of(strongest[0])} (" in printed
    top = explanation.certain_top(explanation.classes[0].index, 5, "both")
    assert "among the 5 strongest" in printed
    assert f"  {top.members(explanation.superpixel_ids)}\n" in printed


def test_no_name_controls_the_terminal(capsys):
    print_table([Column("class"), Column("why")], [["\x1b[31mred", "two\nlines"]])
    print_error("error: \x1b[31mred.png\nis no picture.")
    said = capsys.readouterr()
    assert said.out.splitlines()[1].split() == [r"\x1b[31mred", r"two\nlines"]
    assert said.err == "error: \\x1b[31mred.png\nis no picture.\n"
