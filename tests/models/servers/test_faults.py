"""Servers that misbehave: the run goes on, or stops with a `ModelError` in words, and in time."""

from __future__ import annotations

import json
import socket
import ssl
import threading

import numpy as np
import pytest
import trustme
from model_server import SIDE, connected, known_answer

from lime_core.errors import ModelError
from lime_core.models.servers import bounded_http
from lime_core.models.servers.addresses import Origin
from lime_core.models.servers.connection import Connection
from lime_core.models.servers.messages import Request

HTML = b"<!DOCTYPE html><html><body>Bad <b>Gateway</b></body></html>"


def status(code, body=b"", headers=None):
    return lambda handler: handler.reply(body, code, headers)


def hang_up(handler):
    handler.close_connection = True
    handler.connection.close()


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"outputs": [')
    handler.close_connection = True


def silent(handler):
    handler.server.released.wait()
    handler.close_connection = True


def drip(first):
    """Send a byte every now and then, faster than any time-out between two bytes."""

    def send(handler):
        handler.close_connection = True
        handler.wfile.write(first)
        while not handler.server.released.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return send


DRIPS = {
    "head": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    "endless": b"HTTP/1.1 200 OK\r\n\r\n",
}


def gigabytes(announced):
    def send(handler):
        handler.close_connection = True
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        block = b" " * (1 << 20)
        while not handler.server.released.is_set():
            handler.wfile.write(block)

    return send


@pytest.mark.parametrize(
    "fault",
    [
        status(429, b'{"error": "busy"}'),
        status(429, b"", {"Retry-After": "0"}),
        status(429, b"", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        status(502, HTML),
        status(503),
        status(504, b"\xff\xfe"),
        hang_up,
        cut_off,
    ],
)
def test_what_may_pass_is_asked_again(server, pictures, fault):
    classifier = connected(server.url(), batch_size=8, timeout=20)
    server.post_faults.extend([fault, fault])
    np.testing.assert_allclose(classifier.predict(pictures), known_answer(pictures), rtol=1e-6)
    assert len(server.posts) == 2 + 3 + 2


def test_a_server_that_restarts_in_the_middle_of_a_run_is_waited_for(serve, pictures):
    first = serve()
    classifier = connected(first.url(), batch_size=1, in_flight=2, timeout=30)
    answered, lost = [], threading.Event()

    def lose(handler):
        lost.set()
        hang_up(handler)

    def answer(tensor):
        answered.append(1)
        if len(answered) == 5:
            first.post_faults.extend([lose] * 1000)  # what is under way from now on is lost
        return known_answer(tensor)

    def restart():
        lost.wait()
        first.shutdown()
        first.server_close()
        serve(first.server_address)

    first.answer = answer
    restarting = threading.Thread(target=restart)
    restarting.start()
    np.testing.assert_allclose(classifier.predict(pictures), known_answer(pictures), rtol=1e-6)
    restarting.join()
    assert len(answered) < len(pictures)


def test_a_refused_connection_is_tried_again(serve):
    """The pause between two tries is when the server comes up."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    connection = Connection(Origin("http", *address), timeout=30, in_flight=1)

    class Starting(threading.Event):
        def wait(self, timeout=None):
            serve(address).post_faults.append(status(200, b"here"))
            return False

    assert connection.post(Request("/v2/models/known/infer", b"{}"), Starting()).body == b"here"


def test_a_busy_server_may_take_a_large_body_slowly(monkeypatch):
    monkeypatch.setattr(bounded_http, "CONNECT_TIMEOUT", 0.2)
    body = bytes(32 << 20)  # more than the system keeps for a reader who does not come
    answered = []

    def read_late(listening):
        client, _ = listening.accept()
        with client, client.makefile("rb") as incoming:
            threading.Event().wait(0.6)
            while incoming.readline() != b"\r\n":
                pass
            answered.append(len(incoming.read(len(body))))
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        reader = threading.Thread(target=read_late, args=(listening,))
        reader.start()
        connection = Connection(Origin("http", *listening.getsockname()), timeout=30, in_flight=1)
        assert connection.post(Request("/v2/models/known/infer", body), threading.Event()).body == b"{}"
        reader.join()
    assert answered == [len(body)]


def test_a_run_that_has_failed_elsewhere_is_not_tried_again(server):
    connection = Connection(Origin("http", *server.server_address), timeout=300, in_flight=1)
    server.post_faults.append(status(503, b"", {"Retry-After": "60"}))
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(ModelError, match="in 1 tries"):
        connection.post(Request("/v2/models/known/infer", b"{}"), stopped)


def test_a_server_that_stays_away_is_given_up_in_time(serve, pictures):
    server = serve()
    classifier = connected(server.url(), timeout=1)
    server.post_faults.extend([hang_up] * 1000)
    with pytest.raises(ModelError, match=r"no usable answer within 1 s, in \d+ tries.*broke off"):
        classifier.predict(pictures)


def test_a_server_that_asks_for_more_patience_than_there_is_is_not_waited_for(server, pictures):
    classifier = connected(server.url(), timeout=30)
    server.post_faults.append(status(503, b"", {"Retry-After": "3600"}))
    with pytest.raises(ModelError, match=r"in 1 tries; the last time, it answered 503"):
        classifier.predict(pictures[:1])


@pytest.mark.parametrize("name", ["silent", *DRIPS])
def test_a_slow_answer_ends_at_the_time_out_and_not_later(server, pictures, name):
    classifier = connected(server.url(), timeout=1)
    server.post_faults.append(silent if name == "silent" else drip(DRIPS[name]))
    with pytest.raises(ModelError, match="did not answer within 1 s"):
        classifier.predict(pictures[:1])


@pytest.mark.parametrize("name", ["silent", *DRIPS])
def test_a_slow_description_ends_at_the_time_out_and_not_later(server, name):
    server.get_faults.append(silent if name == "silent" else drip(DRIPS[name]))
    with pytest.raises(ModelError, match="did not answer within 1 s"):
        connected(server.url(), timeout=1)


@pytest.mark.parametrize("announced", [True, False])
def test_gigabytes_are_not_read_and_the_next_question_is_answered(server, pictures, announced):
    classifier = connected(server.url(), in_flight=1, timeout=60)
    server.post_faults.append(gigabytes(announced))
    with pytest.raises(ModelError, match="longer than 67,108,864 bytes"):
        classifier.predict(pictures[:1])
    np.testing.assert_allclose(classifier.predict(pictures[:1]), known_answer(pictures[:1]), rtol=1e-6)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (status(400, b'{"error": "unexpected shape"}'), r'answered 400: "unexpected shape"'),
        (status(500, b'{"detail": ["a", 1]}'), r"answered 500: \"\['a', 1\]\""),
        (status(500, HTML), "answered 500, with an HTML page"),
        (status(500, b"\x1b[31mred\x00\xff" + b"y" * 5000), r'answered 500: "\[31mred'),
        (status(500, b"[" * 100_000), "answered 500"),
        (status(401), "refuses access.*LIMELIGHT_TOKEN"),
        (status(403, b'{"error": "not you"}'), r'refuses access \(403\): "not you"'),
        (status(404), "no such model or version"),
        (status(413), "smaller batch_size"),
        (status(302, b"", {"Location": "http://127.0.0.1:1/"}), "redirects.*not followed"),
        (status(307, b"", {"Location": "/v2/models/other/infer"}), "redirects.*not followed"),
        (status(204), "answered 204"),
    ],
)
def test_a_refusal_is_told_in_the_servers_words(server, pictures, fault, words):
    classifier = connected(server.url())
    asked = len(server.posts)
    server.post_faults.append(fault)
    with pytest.raises(ModelError, match=words) as refused:
        classifier.predict(pictures[:1])
    assert len(server.posts) == asked + 1
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 600


def v2(**changes):
    output = {"name": "scores", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0], **changes}
    return json.dumps({"model_version": "7", "outputs": [output]}).encode()


BROKEN = {
    "empty": (b"", "something else than JSON"),
    "html": (HTML, "an HTML page"),
    "not json": (b'{"outputs": [', "something else than JSON"),
    "deep": (b"[" * 200_000, "something else than JSON"),
    "deep numbers": (v2(data=json.loads("[" * 100 + "1" + "]" * 100)), "cannot be read|numbers"),
    "long number": (b'{"outputs": ' + b"1" * 100_000 + b"}", "something else than JSON"),
    "list": (b"[1, 2]", "got list"),
    "null": (b"null", "got NoneType"),
    "no outputs": (b"{}", "'outputs' is not a list"),
    "other outputs": (b'{"outputs": {"scores": 1}}', "'outputs' is not a list"),
    "text outputs": (b'{"outputs": ["scores"]}', "'name' is not a text"),
    "other name": (v2(name="other"), "no output 'scores'; its outputs are 'other'"),
    "escapes": (v2(name="\x1b[2J"), "'name' is not a text"),
    "other type": (v2(datatype="BYTES"), "got 'BYTES'"),
    "no type": (v2(datatype=None), "'datatype' is not a text"),
    "other shape": (v2(shape=[1, 5]), r"shape \(1, 5\), but 4 numbers"),
    "more rows": (v2(shape=[2, 2]), r"shape \(1, C\); got \(2, 2\)"),
    "fewer classes": (v2(shape=[1, 2], data=[1, 2]), "2 numbers a picture, and with 4 before"),
    "negative shape": (v2(shape=[-1, 4]), "a side of a shape is -1"),
    "huge shape": (v2(shape=[10**30, 4]), "a side of a shape"),
    "empty huge": (v2(shape=[0, 10**17, 10**17], data=[]), "cannot be read|shape"),
    "text shape": (v2(shape="1,4"), "'shape' is not a list"),
    "flat": (v2(shape=[4]), r"shape \(1, C\); got \(4,\)"),
    "ragged": (v2(data=[[1, 2], [3]]), "cannot be read"),
    "no data": (v2(data=None), "'data' is not a list"),
    "text data": (v2(data=["1", "2", "3", "4"]), "other than numbers"),
    "null data": (v2(data=[1, None, 3, 4]), "other than numbers"),
    "nan": (v2(data=[1, float("nan"), 3, 4]), "not finite"),
    "infinite": (v2(data=[1, float("inf"), 3, 4]), "not finite"),
    "too large": (v2(data=[1, 1e300, 3, 4]), "not finite"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_named(server, pictures, name):
    body, words = BROKEN[name]
    classifier = connected(server.url())
    server.post_faults.append(status(200, body))
    with pytest.raises(ModelError, match=words):
        classifier.predict(pictures[:1])
    np.testing.assert_allclose(classifier.predict(pictures[:1]), known_answer(pictures[:1]), rtol=1e-6)


def binary(length, size=16, data=bytes(16), **changes):
    head = v2(data=None, parameters={"binary_data_size": size}, **changes)
    headers = {"Inference-Header-Content-Length": str(len(head) if length is None else length)}
    return status(200, head + data, headers)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (binary(10), "something else than JSON"),
        (binary(10**9), "something else than JSON"),
        (binary(-1), "length of its JSON part is '-1'"),
        (binary("x"), "length of its JSON part is 'x'"),
        (binary(None, size=12), "announces 12 bytes of outputs, but holds 16"),
        (binary(None, size=1 << 40), "bytes of outputs, but holds 16"),
        (binary(None, size=-16), "the size of an output is -16"),
        (binary(None, size=15, data=bytes(15)), "cannot be read"),
        (binary(None, size=32, data=bytes(32)), "but 8 numbers"),
        (binary(None, shape=[1, 5]), "but 4 numbers"),
        (binary(None, datatype="BF16"), "got 'BF16'"),
        (binary(None, data=np.full(4, np.nan, np.float32).tobytes()), "not finite"),
    ],
)
def test_a_broken_binary_answer_is_named(server, pictures, fault, words):
    classifier = connected(server.url())
    server.post_faults.append(fault)
    with pytest.raises(ModelError, match=words):
        classifier.predict(pictures[:1])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (HTML, "an HTML page"),
        (b"{}", "no 'outputs'"),
        (b'{"outputs": 3}', r"shape \(1, C\)"),
        (b'{"outputs": "scores"}', "other than numbers"),
        (b'{"outputs": [[1, NaN, 2, 3]]}', "not finite"),
        (b'{"outputs": [[1, 2], [3]]}', "different lengths"),
        (b'{"outputs": {"other": [[1, 2, 3, 4]]}}', "no output 'scores'"),
        (b'{"outputs": [[[1, 2, 3, 4]]]}', r"shape \(1, C\)"),
        (b'{"outputs": [[1, 2, 3]]}', "3 numbers a picture, and with 4 before"),
    ],
)
def test_a_broken_answer_of_tensorflow_serving_is_named(server, pictures, body, words):
    classifier = connected(server.url("v1"))
    server.post_faults.append(status(200, body))
    with pytest.raises(ModelError, match=words):
        classifier.predict(pictures[:1])


def changed(metadata, path, value):
    copy = json.loads(json.dumps(metadata))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


DEFAULT = ("metadata", "signature_def", "signature_def", "serving_default")


@pytest.mark.parametrize(
    ("protocol", "path", "value", "words"),
    [
        ("v2", ("inputs",), None, "does not describe the model's input"),
        ("v2", ("inputs",), "x", "'inputs' is not a list"),
        ("v2", ("inputs", 0), 3, "'name' is not a text"),
        ("v2", ("inputs", 0, "shape"), ["a"], "a side of a shape is 'a'"),
        ("v2", ("inputs", 0, "shape"), [True] * 4, "a side of a shape is True"),
        ("v2", ("inputs", 0, "datatype"), "x" * 10_000, "takes 'xxx"),
        ("v2", ("outputs",), [{}], "'name' is not a text"),
        ("v1", ("model_spec", "version"), "../../evil", "the version is"),
        ("v1", ("metadata",), [], "'metadata' is not an object"),
        ("v1", DEFAULT, None, "'inputs' is not an object"),
        ("v1", DEFAULT[:-1], {"a": {}, "b": {}}, "its signatures are 'a', 'b'"),
        ("v1", DEFAULT[:-1], {}, "its signatures are none"),
        ("v1", (*DEFAULT, "inputs", "pictures", "dtype"), "DT_STRING", "takes 'DT_STRING'"),
        ("v1", (*DEFAULT, "inputs", "pictures", "tensor_shape"), {"unknown_rank": True}, "four axes"),
        ("v1", (*DEFAULT, "inputs", "pictures", "tensor_shape"), {"dim": [1]}, "'' is not|a side of a shape"),
    ],
)
def test_a_broken_description_is_named(server, protocol, path, value, words):
    good = server.v2_model() if protocol == "v2" else server.v1_metadata()
    server.get_faults.append(status(200, json.dumps(changed(good, path, value)).encode()))
    with pytest.raises(ModelError, match=words) as refused:
        connected(server.url(protocol))
    assert len(str(refused.value)) < 600


def test_a_name_that_cannot_be_sent_is_refused(server):
    good = server.v1_metadata()
    signature = good["metadata"]["signature_def"]["signature_def"]["serving_default"]
    signature["inputs"] = {"\ud800": signature["inputs"]["pictures"]}
    server.get_faults.append(status(200, json.dumps(good).encode()))
    with pytest.raises(ModelError, match="cannot be sent"):
        connected(server.url("v1"))


def test_a_mistyped_address_is_reported_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ModelError, match=r"cannot be used: the connection was refused: is the server running"):
        connected(f"http://127.0.0.1:{port}/v2/models/known", timeout=600)
    with pytest.raises(ModelError, match="its name is not known"):
        connected("http://no-such-host.invalid/v2/models/known", timeout=600)


def test_a_server_of_another_kind_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet():
            client, _ = other.accept()
            with client:
                client.recv(1 << 16)
                client.sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(ModelError, match="broke off"):
            connected(f"http://127.0.0.1:{other.getsockname()[1]}/v2/models/known")


TOKEN = "eyJhbGciOi.J9.secret"  # noqa: S105 - nobody's


def test_the_token_is_sent_as_a_bearer_and_never_shown(server, pictures, monkeypatch):
    monkeypatch.setenv("LIMELIGHT_TOKEN", f" {TOKEN}\n")
    classifier = connected(server.url())
    classifier.predict(pictures)
    assert {request[2]["Authorization"] for request in server.seen} == {f"Bearer {TOKEN}"}
    server.post_faults.append(status(400, json.dumps({"error": f"bad header Bearer {TOKEN}"}).encode()))
    with pytest.raises(ModelError, match="bad header Bearer …") as refused:
        classifier.predict(pictures[:1])
    assert TOKEN not in str(refused.value) + repr(classifier) + classifier.identity


def test_without_a_token_none_is_sent(server):
    connected(server.url())
    assert not any("Authorization" in request[2] for request in server.seen)


@pytest.mark.parametrize("token", ["two words", "line\r\nX-Evil: 1", "schlüssel"])
def test_a_token_that_no_header_can_hold_is_refused_without_showing_it(server, monkeypatch, token):
    monkeypatch.setenv("LIMELIGHT_TOKEN", token)
    with pytest.raises(ModelError, match="LIMELIGHT_TOKEN") as refused:
        connected(server.url())
    assert token not in str(refused.value)


@pytest.fixture
def secure(serve, tmp_path):
    """A server over TLS whose certificate comes from an authority of its own, and that authority's file."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return server, f"https://127.0.0.1:{server.server_port}/v2/models/known", tmp_path / "authority.pem"


def test_a_certificate_of_a_stranger_is_refused(secure):
    _, url, _ = secure
    with pytest.raises(ModelError, match=r"no usable connection.*certificate verify failed"):
        connected(url)


def test_over_tls_a_connection_that_breaks_off_is_made_again(secure, pictures, monkeypatch):
    server, url, authority = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    classifier = connected(url, timeout=20)
    server.post_faults.extend([hang_up, cut_off, hang_up])
    np.testing.assert_allclose(classifier.predict(pictures), known_answer(pictures), rtol=1e-6)


@pytest.mark.parametrize("name", ["silent", *DRIPS])
def test_over_tls_answers_come_and_slow_ones_end_in_time(secure, pictures, monkeypatch, name):
    server, url, authority = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    classifier = connected(url, timeout=1.5)
    np.testing.assert_allclose(classifier.predict(pictures), known_answer(pictures), rtol=1e-6)
    server.post_faults.append(silent if name == "silent" else drip(DRIPS[name]))
    with pytest.raises(ModelError, match=r"did not answer within 1\.5 s"):
        classifier.predict(pictures[:1])


def test_one_failure_of_many_is_raised_at_once(server, pictures):
    classifier = connected(server.url(), batch_size=1, in_flight=2, timeout=300)
    server.post_faults.extend([status(400, b'{"error": "first"}'), silent])
    with pytest.raises(ModelError, match="first"):
        classifier.predict(pictures)


def test_pictures_in_the_wrong_size_never_leave(server):
    classifier = connected(server.url())
    asked = len(server.posts)
    with pytest.raises(ModelError):
        classifier.predict(np.zeros((1, SIDE, SIDE + 1, 3), np.uint8))
    assert len(server.posts) == asked
