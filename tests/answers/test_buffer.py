"""Where very many outputs are kept, on a disk that is full."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import lime_core as lc
from lime_core.answers import growing

ROOT = Path(__file__).parents[2]
# Eighty megabytes of outputs, of a model whose answers are known: the share of 255 in each of the picture's channels.
ASK = """
import numpy as np
import lime_core as lc
def model(pictures):
    means = pictures.reshape(len(pictures), -1).mean(axis=1) / 255
    return np.repeat(means[:, None], 20_000, axis=1).astype(np.float32)
classifier = lc.CallableClassifier(model, 16, [str(index) for index in range(20_000)], id="mean")
picture = np.full((16, 16, 3), 255, np.uint8)
spec = lc.ExplainSpec(samples=1000, segmentation="grid", fill="black", target="probability")
answers = lc.query(picture, classifier, spec)
shares = answers.masks @ np.bincount(answers.segments.ravel()) / answers.segments.size
assert np.abs(answers.outputs - shares[:, None]).max() < 1e-5
print(isinstance(answers.outputs, np.memmap))
"""


def asked(*words, before=None, **environment):
    command = [*words, sys.executable, "-c", ASK]
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )


def test_outputs_for_which_the_disk_has_no_room_are_kept_in_memory():
    resource = pytest.importorskip("resource", reason="Windows has no limits on files")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    done = asked(before=limit)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_a_small_real_disk_does_not_end_the_process(tmp_path):
    mount = f'mount -t tmpfs -o size=1m tmpfs "{tmp_path}" && exec "$@"'
    words = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-c", mount, "sh"]
    if sys.platform != "linux" or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("Mounting a disk needs Linux and rights; the test above limits the size of files instead.")
    done = asked(*words, TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


@pytest.mark.parametrize("has_call", [True, False], ids=["system", "by hand"])
def test_every_byte_of_the_file_has_its_place_on_the_disk_before_it_is_used(monkeypatch, has_call):
    if has_call and not hasattr(os, "posix_fallocate"):
        pytest.skip("This system has no such call, so it is done by hand.")
    if not has_call:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    size = 2**21 + 1
    with tempfile.TemporaryFile() as file:
        growing._allocate(file, size)
        facts = os.fstat(file.fileno())
    assert facts.st_size == size
    assert not hasattr(facts, "st_blocks") or facts.st_blocks * 512 >= size


def test_outputs_for_which_there_is_no_room_anywhere_are_refused_in_words(monkeypatch):
    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(growing.np, "empty", no_memory)
    monkeypatch.setattr(growing, "_allocate", lambda *_: (_ for _ in ()).throw(OSError()))
    with pytest.raises(lc.SpecError, match=r"100,000 samples of 21,841 outputs are 8,736 MB.*fewer samples.*TMPDIR"):
        growing._buffer(100_000, 21_841)
    monkeypatch.undo()
    assert growing._buffer(2, 3).dtype == np.float32
