import dataclasses
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from lime_core.models import CATALOG, load_classifier
from lime_core.models.engines import plans
from lime_core.models.engines.choice import make_engine
from lime_core.models.engines.graph_store import GraphStore, graph_store
from lime_core.models.engines.openvino_engine import Plan
from lime_core.models.engines.openvino_graph import Graph
from lime_core.models.files.cache import cache_folder, forget, read_cached, write_cached

CARD = CATALOG["efficientnet_lite0"]
EMPTY_NET = b'<?xml version="1.0"?><net name="a" version="11"><layers/><edges/></net>'
GRAPH = Graph(b"<structure>\n</structure>", bytes(range(256)) * 10)
PICTURE = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)


@pytest.fixture
def store(tmp_path):
    return GraphStore("model", "0123456789abcdef" * 4, tmp_path / "graphs")


@pytest.fixture(scope="module")
def loaded_before(tmp_path_factory):
    """A cache folder with the built-in model in it, and the model's answer."""
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMELIGHT_CACHE", str(folder))
        patch.setattr(plans, "_FEWEST_CORES", 1)
        load_classifier()
        # Who has waited for the graph does not wait for measurements too.
        assert list(folder.glob("plans/*.json")) == []
        return folder, load_classifier().predict(PICTURE)


@pytest.fixture
def cache(loaded_before, tmp_path, monkeypatch):
    """A copy of that folder which a test may spoil, and the model's answer."""
    folder, answer = loaded_before
    monkeypatch.setattr(plans, "_FEWEST_CORES", 1)
    for file in folder.rglob("*.*"):
        (tmp_path / "cache" / file.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cache" / file.relative_to(folder)).write_bytes(file.read_bytes())
    monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache", answer


def only_file(folder, pattern="graphs/*.graph"):
    (file,) = folder.glob(pattern)
    return file


def test_a_graph_comes_back_as_it_was_kept(store):
    assert store.load() is None
    assert store.save(GRAPH)
    assert store.load() == GRAPH
    assert [file.name for file in store.folder.iterdir()] == [store.path.name]


def test_an_empty_graph_comes_back_too(store):
    store.save(Graph(b"", b""))
    assert store.load() == Graph(b"", b"")


def test_whatever_byte_is_changed_or_missing_the_graph_is_not_used(store):
    store.save(GRAPH)
    whole = store.path.read_bytes()
    for place in [0, 10, 63, 64, 65, 66, 67, 68, 100, len(whole) - 1]:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        store.path.write_bytes(spoilt)
        assert store.load() is None, place
        store.path.write_bytes(whole[:place])
        assert store.load() is None, place
    store.path.write_bytes(whole + b"x")
    assert store.load() is None


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n", b"\n\n\n", b"0" * 10_000, b"\n" + b"9" * 5000 + b"\n"])
def test_a_file_that_is_no_graph_at_all_is_not_used(store, content):
    store.folder.mkdir()
    store.path.write_bytes(content)
    assert store.load() is None


def test_a_graph_under_the_name_of_another_is_not_used(store):
    store.save(GRAPH)
    other = dataclasses.replace(store, key="f" * 64)
    store.path.rename(other.path)
    assert other.load() is None


def test_only_the_two_newest_graphs_of_a_model_stay_and_other_models_keep_theirs(store):
    dataclasses.replace(store, model_id="another").save(GRAPH)
    for age, letter in ((300, "a"), (200, "b"), (100, "c")):
        older = dataclasses.replace(store, key=letter * 64)
        older.save(GRAPH)
        moment = older.path.stat().st_mtime - age
        os.utime(older.path, (moment, moment))
    store.save(GRAPH)
    assert sorted(file.name for file in store.folder.iterdir()) == [
        f"another-{store.key[:16]}.graph",
        f"model-{store.key[:16]}.graph",
        f"model-{'c' * 16}.graph",
    ]


def test_the_key_changes_with_weights_model_and_format(monkeypatch):
    keys = [graph_store(CARD, "a" * 64).key, graph_store(CARD, "b" * 64).key]
    keys.append(graph_store(CATALOG["efficientnet_lite1"], "a" * 64).key)
    monkeypatch.setattr("lime_core.models.engines.graph_store._FORMAT", 10**6)
    keys.append(graph_store(CARD, "a" * 64).key)
    monkeypatch.setattr("lime_core.models.engines.graph_store.library_versions", lambda: ["openvino 2000.1"])
    keys.append(graph_store(CARD, "a" * 64).key)
    monkeypatch.setattr("lime_core.models.engines.graph_store.machine", lambda: "an abacus")
    keys.append(graph_store(CARD, "a" * 64).key)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("system", "environment", "expected"),
    [
        (Unix, {"LIMELIGHT_CACHE": "/chosen"}, "/chosen"),
        (Unix, {"LIMELIGHT_CACHE": "", "XDG_CACHE_HOME": "/xdg"}, "/xdg/limelight"),
        (Unix, {"XDG_CACHE_HOME": "relative"}, "/home/somebody/.cache/limelight"),
        (Unix, {}, "/home/somebody/.cache/limelight"),
        (MacOS, {}, "/home/somebody/Library/Caches/limelight"),
        (MacOS, {"XDG_CACHE_HOME": "/xdg"}, "/xdg/limelight"),
        (Windows, {"XDG_CACHE_HOME": "/xdg"}, "/local/limelight"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_such_things(monkeypatch, system, environment, expected):
    for name in ("LIMELIGHT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("platformdirs.PlatformDirs", system)
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: "/local")
    assert cache_folder() == Path(expected)


def test_a_user_without_a_home_has_no_cache_and_needs_none(monkeypatch):
    def no_home(*_):
        raise KeyError

    monkeypatch.delenv("LIMELIGHT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", no_home)
    assert cache_folder() is None
    assert graph_store(CARD, "a" * 64) is None
    assert plans.plan_for(CARD.id, GRAPH, (1, 1), "f32") == Plan()


def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "folder" / "name"
    assert not write_cached(path, [b"data"])
    assert read_cached(path) is None
    forget(path.parent, "*", 0)


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path):
    path = tmp_path / "name"
    contents = [bytes([number]) * 100_000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda content: write_cached(path, [content]), contents))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_explanation_from_a_stored_graph_imports_neither_tensorflow_nor_keras(cache, run_python):
    folder, _ = cache
    finished = run_python(
        """
        import sys
        import skimage.data
        import lime_core as lc
        explanation = lc.explain(lc.Image(skimage.data.chelsea()), lc.load_classifier(), lc.ExplainSpec(samples=64))
        print(explanation.classes[0].name, sorted({"tensorflow", "keras", "openvino"} & set(sys.modules)))
        """,
        LIMELIGHT_CACHE=str(folder),
    )
    assert finished.stdout.strip() == "Egyptian cat ['openvino']"


def test_a_stored_graph_answers_as_it_did_before_it_was_stored(cache):
    np.testing.assert_array_equal(load_classifier().predict(PICTURE), cache[1])


@pytest.fixture(scope="module")
def small():
    """A network that is converted in no time."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 9, 3))
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(keras.layers.Flatten()(inputs)))


@pytest.mark.parametrize(
    ("structure", "weights"),
    [(None, b""), (b"", None), (b"<net", None), (EMPTY_NET, b""), (b"\xff\xfe\x00garbage", b"\0")],
)
def test_a_graph_that_is_whole_but_wrong_is_made_anew(store, small, structure, weights):
    arguments = {"engine": "openvino", "store": lambda: store}
    first, _ = make_engine(lambda: small, (6, 9), **arguments)
    good = store.load()
    store.save(Graph(good.structure if structure is None else structure, good.weights if weights is None else weights))
    second, note = make_engine(lambda: small, (6, 9), **arguments)
    pictures = np.random.default_rng(0).uniform(0, 1, (3, 6, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(second.predict(pictures), first.predict(pictures))
    assert note is None
    assert store.load().weights == good.weights


def test_a_stored_graph_of_another_network_size_is_made_anew(store, small):
    make_engine(lambda: small, (6, 9), store=lambda: store)
    inputs = keras.Input((9, 6, 3))
    turned = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
    made, _ = make_engine(lambda: turned, (9, 6), engine="openvino", store=lambda: store)
    assert made.predict(np.zeros((1, 9, 6, 3), np.float32)).shape == (1, 4)


def test_a_model_whose_stored_graph_is_damaged_is_built_again(cache):
    folder, answer = cache
    file = only_file(folder)
    file.write_bytes(file.read_bytes()[:100_000])
    np.testing.assert_array_equal(load_classifier().predict(PICTURE), answer)
    assert len(file.read_bytes()) > CARD.weights_bytes


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'{"batch_size": 16}',
        b'{"batch_size": 16, "streams": 0}',
        b'{"batch_size": 16, "streams": 1e9}',
        b'{"batch_size": 16, "streams": 1000}',
        b'{"batch_size": 1000000000, "streams": 1}',
        b'{"batch_size": true, "streams": true}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_damaged_plan_is_measured_anew(cache, content, monkeypatch):
    folder, answer = cache
    file = only_file(folder, "plans/*.json")
    file.write_bytes(content)
    monkeypatch.setattr(plans, "_BUDGET_SECONDS", 0.0)
    np.testing.assert_array_equal(load_classifier().predict(PICTURE), answer)
    assert file.read_bytes() == b'{"batch_size": 16, "streams": 1}'


@pytest.mark.parametrize(("cores", "measured"), [(1, False), (2, False), (3, True), (64, True)])
def test_plans_are_measured_where_there_are_cores_to_share(tmp_path, monkeypatch, cores, measured):
    monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path))
    monkeypatch.setattr(plans, "most_streams", lambda: cores)
    monkeypatch.setattr(plans, "measure", lambda *_: Plan(32, 1))
    assert plans.plan_for(CARD.id, GRAPH, (1, 1), "f32") == (Plan(32, 1) if measured else Plan())
    assert len(list(tmp_path.glob("plans/*"))) == measured


def test_a_remembered_plan_is_followed(cache):
    folder, answer = cache
    only_file(folder, "plans/*.json").write_bytes(b'{"batch_size": 8, "streams": 1}')
    classifier = load_classifier()
    assert classifier.batch_size == 8
    np.testing.assert_allclose(classifier.predict(PICTURE), answer, atol=1e-6)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is made unwritable in another way there")
def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch, loaded_before):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path / "file"))
    classifier = load_classifier()
    assert classifier.engine == "openvino"
    np.testing.assert_allclose(classifier.predict(PICTURE), loaded_before[1], atol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_random_weights_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path))
    monkeypatch.setattr(plans, "_BUDGET_SECONDS", 0.0)
    load_classifier(random_weights=True)
    assert list(tmp_path.rglob("*.graph")) == []


def test_two_threads_that_load_at_once_both_get_the_model(cache):
    folder, answer = cache
    only_file(folder).unlink()
    with ThreadPoolExecutor(2) as pool:
        outputs = [each.result().predict(PICTURE) for each in [pool.submit(load_classifier) for _ in range(2)]]
    for output in outputs:
        np.testing.assert_array_equal(output, answer)
