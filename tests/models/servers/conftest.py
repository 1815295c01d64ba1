from __future__ import annotations

import threading

import numpy as np
import pytest
from model_server import SIDE, ModelServer


@pytest.fixture
def serve():
    """Start model servers, each in a thread of its own; all are stopped after the test."""
    running = []

    def start(address=("127.0.0.1", 0)):
        server = ModelServer(address)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def pictures():
    return np.random.default_rng(1).integers(0, 256, (21, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv("LIMELIGHT_TOKEN", raising=False)
