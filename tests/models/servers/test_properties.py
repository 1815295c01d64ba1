"""Whatever a server sends: outputs that make sense, or a `ModelError`, and never another exception."""

from __future__ import annotations

import contextlib
import copy
import json

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from model_server import ModelServer

from lime_core.errors import ModelError
from lime_core.models.servers.addresses import allowed_endpoint, parse_address
from lime_core.models.servers.messages import Answer
from lime_core.models.servers.protocols import describe
from lime_core.models.servers.tensors import as_outputs, read_input

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("1" * 40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ADDRESSES = {protocol: parse_address(f"http://h/{protocol}/models/known") for protocol in ("v1", "v2")}
with ModelServer() as _server:
    DESCRIPTIONS = {"v1": _server.v1_metadata(), "v2": _server.v2_model()}
OUTPUT = {"name": "scores", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0]}
BINARY = {"name": "scores", "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": 16}}
ANSWERS = {"v1": {"outputs": [[1.0, 2.0, 3.0, 4.0]]}, "v2": {"model_version": "7", "outputs": [OUTPUT]}}


class Described:
    """In the place of a connection: a server that describes its model so, and says so of itself, too."""

    def __init__(self, description):
        self.description = description

    def get(self, path):
        return Answer({}, json.dumps(self.description).encode())


def places(value, path=()):
    """The paths of everything inside a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


@st.composite
def damaged(draw, value):
    """A JSON value with one of its parts replaced by anything."""
    path = draw(st.sampled_from(sorted(places(value), key=repr)))
    if not path:
        return draw(ANYTHING)
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = draw(ANYTHING)
    return whole


@given(st.data(), st.sampled_from(["v1", "v2"]))
def test_a_description_makes_a_request_or_a_model_error(data, protocol):
    description = data.draw(damaged(DESCRIPTIONS[protocol]))
    with contextlib.suppress(ModelError):
        model = describe(ADDRESSES[protocol], Described(description))
        found = read_input(model.inputs, 6)
        pixels = found.pack(np.zeros((1, *found.size, found.channels), np.float32))
        request = model.request(found.name, pixels, found.datatype, next(iter(model.outputs), None))
        assert request.path.startswith(f"/{protocol}/models/known")
        assert request.path.isascii()
        assert request.path.isprintable()


@given(st.data(), st.sampled_from(["v1", "v2"]), st.sampled_from([None, "scores"]))
def test_an_answer_is_finite_rows_or_a_model_error(data, protocol, output):
    answer = data.draw(damaged(ANSWERS[protocol]))
    check_answer(protocol, Answer({}, json.dumps(answer).encode()), output)


@given(st.data(), st.none() | st.integers(-5, 200), st.binary(max_size=40))
@example(None, None, bytes(16))
def test_a_binary_answer_is_finite_rows_or_a_model_error(data, length, blob):
    answer = {"outputs": [BINARY]} if data is None else data.draw(damaged({"outputs": [BINARY]}))
    head = json.dumps(answer).encode()
    headers = {"Inference-Header-Content-Length": str(len(head) if length is None else length)}
    read = check_answer("v2", Answer(headers, head + blob), "scores")
    assert read or data is not None


@given(st.binary(max_size=60), st.sampled_from(["v1", "v2"]))
def test_any_bytes_are_finite_rows_or_a_model_error(body, protocol):
    check_answer(protocol, Answer({}, body), None)


def check_answer(protocol, answer, output):
    model = describe(ADDRESSES[protocol], Described(DESCRIPTIONS[protocol]))
    try:
        values, version = model.read(answer, output)
        outputs = as_outputs(values, 1)
    except ModelError:
        return False
    assert outputs.dtype == np.float32
    assert outputs.ndim == 2
    assert len(outputs) == 1
    assert np.isfinite(outputs).all()
    assert version is None or version.isprintable()
    return True


HOSTS = st.text("abok.example-:@/\\?#%[]1 ", max_size=30)


@given(HOSTS)
@example("ok.example")
def test_what_is_allowed_goes_to_the_allowed_server(rest):
    address = f"http://{rest}/v2/models/known"
    with contextlib.suppress(ModelError):
        if allowed_endpoint(address, {"LIMELIGHT_ENDPOINTS": "http://ok.example"}):
            assert address.lower().startswith(("http://ok.example/", "http://ok.example:80/"))
            assert parse_address(address).origin.host == "ok.example"
