from __future__ import annotations

import contextlib

import numpy as np
import pytest
from model_server import SIDE, ModelServer
from running_server import running


@pytest.fixture
def serve():
    """Start model servers, each in a thread of its own; all are stopped after the test."""
    with contextlib.ExitStack() as servers:
        yield lambda address=("127.0.0.1", 0): servers.enter_context(running(ModelServer(address)))


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def pictures():
    return np.random.default_rng(1).integers(0, 256, (21, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv("LIMELIGHT_TOKEN", raising=False)
