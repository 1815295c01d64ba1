"""The cache folder under faults, in processes of their own: killed writers, full disks, two writers, damaged entries.

Whatever is wrong with it, the answers are those of an untroubled run.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from lime_core.models.engines.graph_store import GraphStore
from lime_core.models.engines.openvino_graph import Graph
from lime_core.models.files.cache import can_be_written, forget, write_cached

resource = pytest.importorskip("resource", reason="Windows has no limits on files, and no SIGKILL")

ROOT = Path(__file__).parents[3]
# What a process leaves that is killed while it writes.
UNFINISHED = ".*.limelight"
# Explains a picture with the built-in model, and says whether its graph had to be built.
EXPLAIN = """
    import json
    import skimage.data
    import lime_core as lc
    from lime_core.models import from_catalog
    from lime_core.models.engines import plans
    plans._FEWEST_CORES = 1  # on two cores nothing would be measured
    build, built = from_catalog.build_graph, []
    from_catalog.build_graph = lambda variant: built.append(variant) or build(variant)
    classifier = lc.load_classifier()
    spec = lc.ExplainSpec(samples=64, segmentation="grid")
    explanation = lc.explain(lc.Image(skimage.data.chelsea()), classifier, spec)
    print(json.dumps({
        "engine": classifier.engine,
        "built": bool(built),
        "names": [item.name for item in explanation.classes],
        "coefficients": [item.coefficients.tolist() for item in explanation.classes],
    }))
"""


def start(source, cache, *, before=None, cwd=ROOT, **environment):
    """Start a piece of Python in a process of its own, with a cache folder that it may spoil."""
    given = {"LIMELIGHT_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    variables = {**os.environ, **given, **environment}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        env={name: value for name, value in variables.items() if value is not None},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


def answer_of(process):
    """Wait for a process that must succeed, and return the document that it printed."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert len(re.findall("limelight|lime_core|cache", err)) <= 1
    return json.loads(out.splitlines()[-1])


def explained(cache, **options):
    return answer_of(start(EXPLAIN, cache, **options))


def assert_same(answer, untroubled):
    """The same coefficients, to rounding: another engine or a measured plan sums in another order."""
    assert answer["names"] == untroubled["names"]
    np.testing.assert_allclose(answer["coefficients"], untroubled["coefficients"], rtol=0, atol=1e-4)


def wait_for(found):
    deadline = time.monotonic() + 120
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return result


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def entries(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache folder after a first run, the entry in it, and the answer of that run."""
    folder = tmp_path_factory.mktemp("filled")
    untroubled = explained(folder)
    (entry,) = folder.glob("graphs/*.graph")
    return entry, untroubled


@pytest.fixture
def cache(filled, tmp_path):
    """A copy of that folder which a test may spoil."""
    entry, _ = filled
    (tmp_path / "cache" / "graphs").mkdir(parents=True)
    (tmp_path / "cache" / "graphs" / entry.name).write_bytes(entry.read_bytes())
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def untroubled(filled):
    return filled[1]


# Killed writers

# Writes the same two files again and again: the graph of the built-in model, and a small file with one of two contents.
WRITE = """
    import sys
    from pathlib import Path
    from lime_core.models.engines.graph_store import GraphStore
    from lime_core.models.files.cache import write_cached
    folder, model, key = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    store = GraphStore(model, key, folder / "graphs")
    graph = store.load()
    print("ready", flush=True)
    while True:
        store.save(graph)
        for letter in b"ab":
            write_cached(folder / "plans" / "small", [bytes([letter]) * 100_000] * 10)
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_whole_entries_and_its_leftovers_are_swept(cache, untroubled):
    moments = random.Random(0)  # noqa: S311 - nothing is kept secret
    (entry,) = cache.glob("graphs/*.graph")
    whole = entry.read_bytes()
    key = answer_of(start(f"import json\n{KEY}\nprint(json.dumps(store.key))", cache))
    left = set()
    for _ in range(15):
        source = f"import sys; sys.argv[1:] = {[str(cache), 'efficientnet_lite0', key]!r}\n" + textwrap.dedent(WRITE)
        writer = start(source, cache)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.0, 0.3))
        kill(writer)
        # Not even for a moment is there no entry, or half of one.
        assert entry.read_bytes() == whole
        small = cache / "plans" / "small"
        if small.exists():
            assert small.read_bytes() in (b"a" * 1_000_000, b"b" * 1_000_000)
        left |= set(cache.rglob(UNFINISHED))
    # Otherwise no writer has been killed while it wrote.
    assert left
    answer = explained(cache)
    assert_same(answer, untroubled)
    assert not answer["built"]
    for path in left:
        os.utime(path, (time.time() - 7200,) * 2)
    assert write_cached(small, [b"c"])
    assert GraphStore("efficientnet_lite0", key, entry.parent).save(Graph(b"", b""))
    assert entries(cache) == sorted([entry.name, "small", *plans(cache)])


# The store of the built-in model in another process.
KEY = """
from lime_core.models import CATALOG
from lime_core.models.engines.graph_store import graph_store
from lime_core.models.files.weights import sha256_of, weights_path
card = CATALOG["efficientnet_lite0"]
store = graph_store(card, sha256_of(weights_path(card)))
"""


def plans(cache):
    return [path.name for path in cache.glob("plans/*.json")]


@pytest.mark.slow
def test_of_two_first_runs_one_is_killed_when_an_entry_is_being_written_and_the_other_answers(tmp_path, untroubled):
    cache = tmp_path / "cache"
    both = [start(EXPLAIN, cache) for _ in range(2)]
    wait_for(lambda: list(cache.rglob(UNFINISHED)) or list(cache.glob("graphs/*.graph")))
    kill(both[0])
    assert_same(answer_of(both[1]), untroubled)
    answer = explained(cache)
    assert_same(answer, untroubled)
    assert not answer["built"]


@pytest.mark.slow
def test_a_measurement_that_is_killed_leaves_no_plan_and_is_made_at_the_next_start(cache, untroubled):
    measuring = start(EXPLAIN, cache)
    wait_for((cache / "plans").exists)
    time.sleep(0.2)
    kill(measuring)
    assert plans(cache) == []
    assert explained(cache)["names"] == untroubled["names"]
    assert len(plans(cache)) == 1


@pytest.fixture
def store(tmp_path):
    return GraphStore("model", "0123456789abcdef" * 4, tmp_path / "graphs")


OLD, NEW = Graph(b"<old/>", b"1" * 1000), Graph(b"<new/>", b"2" * 2000)


@pytest.mark.parametrize("earlier", [None, OLD], ids=["first", "later"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["empty", "half", "whole"])
def test_whatever_part_of_an_entry_a_killed_writer_leaves_reads_as_before_and_is_swept(store, earlier, share):
    store.save(NEW)
    whole = store.path.read_bytes()
    store.path.unlink()
    if earlier:
        store.save(earlier)
    part = store.folder / f".{store.path.name}.0123456789abcdef.limelight"
    part.write_bytes(whole[: round(share * len(whole))])
    assert store.load() == earlier
    assert store.save(NEW)
    assert store.load() == NEW
    # It may still be written by a living process.
    assert part.exists()
    os.utime(part, (time.time() - 7200,) * 2)
    assert store.save(OLD)
    assert entries(store.folder) == [store.path.name]


def test_of_what_lies_in_the_folder_only_our_own_abandoned_files_are_swept(tmp_path):
    ages = {
        ".a.limelight": 7200,
        ".b.limelight": -7200,  # a wrong clock
        ".c.limelight": 10,
        ".d": 7200,
        "e.limelight": 7200,
    }
    for name, age in ages.items():
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    assert can_be_written(tmp_path / "f", 10)
    assert entries(tmp_path) == [".c.limelight", ".d", "e.limelight"]


def test_a_new_entry_stays_though_older_ones_are_dated_in_the_future(tmp_path):
    for name, age in (("a", 0), ("b", -3000), ("c", -4000)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    forget(tmp_path, "*", 2)
    assert entries(tmp_path) == ["a", "b"]


# Cache folders that cannot be used


def limited(size):
    """No file of a process can grow beyond a size in bytes: a disk that has no more room, on every system."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def without_override():
    """Let permissions hold for root too, in the program that is started next."""
    if sys.platform == "linux" and os.geteuid() == 0:
        drop, dac_override = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
        assert ctypes.CDLL(None).prctl(drop, dac_override, 0, 0, 0) == 0


@pytest.mark.slow
def test_a_disk_without_any_room_costs_the_cache_and_not_the_answer(tmp_path, untroubled):
    answer = explained(tmp_path / "cache", before=limited(0))
    assert_same(answer, untroubled)
    assert answer["built"]
    assert entries(tmp_path) == []


@pytest.mark.slow
def test_a_disk_with_room_for_small_files_only_costs_the_cache_and_not_the_answer(tmp_path, untroubled):
    assert_same(explained(tmp_path / "cache", before=limited(2**20)), untroubled)
    assert list(tmp_path.rglob("*.graph")) == list(tmp_path.rglob(UNFINISHED)) == []


@pytest.mark.slow
def test_a_full_disk_does_not_keep_a_stored_graph_from_being_read(cache, untroubled):
    answer = explained(cache, before=limited(0))
    assert_same(answer, untroubled)
    assert not answer["built"]
    assert plans(cache) == list(cache.rglob(UNFINISHED)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["read-only", "file"])
def test_a_cache_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path, untroubled, kind):
    folder = tmp_path / "cache"
    if kind == "file":
        folder.write_bytes(b"mine")
    else:
        folder.mkdir(mode=0o555)
        trial = "import os, json; print(json.dumps(os.access(os.environ['LIMELIGHT_CACHE'], os.W_OK)))"
        assert answer_of(start(trial, folder, before=without_override)) is False
    assert_same(explained(folder, before=without_override), untroubled)
    assert entries(tmp_path) == (["cache"] if kind == "file" else [])


@pytest.mark.slow
def test_a_user_without_a_home_folder_gets_the_answer_too(tmp_path, untroubled):
    nobody = """
    import pwd
    def getpwuid(_):
        raise KeyError
    pwd.getpwuid = getpwuid
    """
    source = textwrap.dedent(nobody) + textwrap.dedent(EXPLAIN)
    # Keras makes a folder called "~" where it is then.
    process = start(source, None, cwd=tmp_path, **dict.fromkeys(HOMES))
    assert_same(answer_of(process), untroubled)
    assert not [path for path in tmp_path.rglob("*") if "limelight" in path.name or path.suffix == ".graph"]


HOMES = ("LIMELIGHT_CACHE", "XDG_CACHE_HOME", "HOME", "KERAS_HOME")


def test_a_relative_cache_folder_below_a_folder_that_is_gone_is_none(tmp_path):
    source = f"""
        import json, os
        os.environ["LIMELIGHT_CACHE"] = "cache"
        os.mkdir({str(tmp_path / "gone")!r})
        os.chdir({str(tmp_path / "gone")!r})
        os.rmdir({str(tmp_path / "gone")!r})
        from lime_core.models.files.cache import cache_folder
        print(json.dumps(cache_folder()))
    """
    assert answer_of(start(source, None)) is None


def small_disk(folder):
    """Return the words before a command that give it a real disk of one mebibyte of its own; None if not allowed."""
    mount = f'mount -t tmpfs -o size=1m tmpfs "{folder}" && exec "$@"'
    words = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-c", mount, "sh"]
    try:
        return words if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0 else None
    except OSError:
        return None


@pytest.mark.slow
def test_the_command_line_answers_with_the_cache_and_temporary_files_on_a_small_real_disk(tmp_path, untroubled):
    disk = tmp_path / "disk"
    disk.mkdir()
    words = small_disk(disk)
    if words is None:
        pytest.skip("Mounting a disk needs Linux and rights; limits on files stand for it in the other tests.")
    out = tmp_path / "out"
    program = f"""
import sys
import PIL.Image, skimage.data
from lime_core.cli.main import main
PIL.Image.fromarray(skimage.data.chelsea()).save({str(tmp_path / "cat.png")!r})
code = main(["explain", {str(tmp_path / "cat.png")!r}, "--quiet", *sys.argv[1:]])
import pathlib
print(sorted(str(path) for path in pathlib.Path({str(disk)!r}).rglob("*") if path.is_file()))
sys.exit(code)
"""
    flags = ["--samples", "64", "--segmentation", "grid", "--output", str(out)]
    environment = {**os.environ, "LIMELIGHT_CACHE": str(disk / "cache"), "TMPDIR": str(disk), "HOME": str(disk)}
    command = [*words, sys.executable, "-c", program, *flags]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "graph" not in done.stdout.splitlines()[-1]
    found = json.loads((out / "explanation.json").read_text())
    coefficients = [item["coefficients"] for item in found["classes"]]
    np.testing.assert_allclose(coefficients, untroubled["coefficients"], rtol=0, atol=1e-4)


# Two writers


@pytest.mark.slow
def test_two_processes_of_four_threads_that_begin_on_an_empty_cache_leave_one_valid_entry(tmp_path, untroubled):
    threads = """
    import json, sys
    from concurrent.futures import ThreadPoolExecutor
    import skimage.data
    import lime_core as lc
    def explain(_):
        spec = lc.ExplainSpec(samples=64, segmentation="grid")
        return lc.explain(lc.Image(skimage.data.chelsea()), lc.load_classifier(engine="openvino"), spec)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(explain, range(4)))
    print(json.dumps([[item.coefficients.tolist() for item in result.classes] for result in results]))
    """
    cache = tmp_path / "cache"
    both = [start(threads, cache) for _ in range(2)]
    for process in both:
        for coefficients in answer_of(process):
            np.testing.assert_allclose(coefficients, untroubled["coefficients"], rtol=0, atol=1e-4)
    assert len(list(cache.glob("graphs/*"))) == 1
    assert list(cache.rglob(UNFINISHED)) == []
    answer = explained(cache)
    assert answer["names"] == untroubled["names"]
    assert not answer["built"]


# Damaged entries


def flipped(content, place):
    changed = bytearray(content)
    changed[place] ^= 64
    return bytes(changed)


DAMAGES = {
    "empty": lambda whole: b"",
    "truncated": lambda whole: whole[: len(whole) // 2],
    "zeros": lambda whole: bytes(len(whole)),
    "random": lambda whole: np.random.default_rng(0).bytes(len(whole)),
    # In the middle of the network's weights, where OpenVINO itself notices nothing.
    "flipped": lambda whole: flipped(whole, len(whole) // 2),
    "flipped sum": lambda whole: flipped(whole, 3),
    # As a crash of the machine leaves a file whose last blocks were not written.
    "zero end": lambda whole: whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_noticed_and_replaced_and_changes_no_answer(cache, untroubled, damage):
    (entry,) = cache.glob("graphs/*.graph")
    whole = entry.read_bytes()
    entry.write_bytes(DAMAGES[damage](whole))
    assert entry.read_bytes() != whole
    answer = explained(cache)
    assert_same(answer, untroubled)
    assert answer["built"]
    assert not explained(cache)["built"]


@pytest.mark.slow
def test_an_entry_of_another_version_under_this_versions_name_is_replaced(cache, untroubled):
    (entry,) = cache.glob("graphs/*.graph")
    GraphStore("efficientnet_lite0", entry.stem.rpartition("-")[2] + "0" * 48, entry.parent).save(NEW)
    assert entry.stat().st_size < 10_000
    answer = explained(cache)
    assert_same(answer, untroubled)
    assert answer["built"]
    assert not explained(cache)["built"]


# The page


@pytest.mark.slow
def test_the_page_explains_its_first_picture_though_the_disk_is_full(cache):
    source = """
        import json
        from tests.pages.conftest import explained, state_of
        found = state_of(explained(samples="64")).drawn.attribution
        print(json.dumps([found.classes[0].name, found.samples]))
    """
    # Streamlit tests a page in a folder for temporary files, which must be found.
    assert answer_of(start(source, cache, before=limited(16))) == ["Egyptian cat", 64]
    assert plans(cache) == list(cache.rglob(UNFINISHED)) == []
