"""A small model server with a known answer, in a thread, that speaks both protocols and can be told to misbehave."""

from __future__ import annotations

import http.server
import json
import threading
from collections import deque

import numpy as np

from lime_core.models.servers import ServerClassifier, connect

CLASSES = 4
SIDE = 6


def connected(address, **options) -> ServerClassifier:
    """Connect to a server whose outputs are not probabilities, and leave them as they are."""
    return connect(address, **({"outputs": "values"} | options))


def known_answer(pixels):
    """Four outputs a picture (B, h, w, channels): the first channel's mean, the last one's, and two corners."""
    pixels = np.asarray(pixels, np.float64)
    columns = [
        pixels[..., 0].mean(axis=(1, 2)),
        pixels[..., -1].mean(axis=(1, 2)),
        pixels[:, 0, 0].mean(axis=1),
        pixels[:, -1, 0].mean(axis=1),
    ]
    return np.stack(columns, axis=1)


NUMPY_TYPES = {"FP32": "<f4", "FP16": "<f2", "UINT8": "u1", "FP64": "<f8", "INT32": "<i4"}
SERVED_TYPES = {"FP32": "DT_FLOAT", "FP16": "DT_HALF", "UINT8": "DT_UINT8"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers), b""))
        if self.server.get_faults:
            return self.server.get_faults.popleft()(self)
        replies = {
            "/v2": self.server.v2,
            "/v2/models/known": self.server.v2_model(),
            "/v2/models/known/versions/7": self.server.v2_model(),
            "/gate/v2/models/known": self.server.v2_model(),
            "/v1/models/known/metadata": self.server.v1_metadata(),
            "/v1/models/known/versions/7/metadata": self.server.v1_metadata(),
        }
        if self.path in replies and replies[self.path] is not None:
            return self.reply(json.dumps(replies[self.path]).encode())
        return self.reply(b'{"error": "no such model"}', 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.server.post_faults:
            return self.server.post_faults.popleft()(self)
        if self.path.endswith(":predict"):
            return self.predict_v1(json.loads(body))
        return self.infer_v2(body)

    def infer_v2(self, body):
        length = self.headers.get("Inference-Header-Content-Length")
        question = json.loads(body[: int(length)] if length else body)
        (tensor,) = question["inputs"]
        if length:
            data = body[int(length) :]
            assert tensor["parameters"]["binary_data_size"] == len(data)
            pixels = np.frombuffer(data, NUMPY_TYPES[tensor["datatype"]])
        else:
            pixels = np.array(tensor["data"])
        outputs = self.server.outputs(self.server.answer(pixels.reshape(tensor["shape"])))
        asked = [output["name"] for output in question.get("outputs", [])]
        outputs = {name: array for name, array in outputs.items() if not asked or name in asked}
        described = [{"name": n, "datatype": self.server.output_type, "shape": a.shape} for n, a in outputs.items()]
        reply = {"model_name": "known", "model_version": self.server.version, "outputs": described}
        if not length:
            for tensor, array in zip(described, outputs.values(), strict=True):
                tensor["data"] = array.ravel().tolist()
            return self.reply(json.dumps(reply).encode())
        assert question["parameters"]["binary_data_output"] is True
        blobs = [array.astype(NUMPY_TYPES[self.server.output_type]).tobytes() for array in outputs.values()]
        for tensor, blob in zip(described, blobs, strict=True):
            tensor["parameters"] = {"binary_data_size": len(blob)}
        head = json.dumps(reply).encode()
        return self.reply(head + b"".join(blobs), headers={"Inference-Header-Content-Length": str(len(head))})

    def predict_v1(self, question):
        assert question["signature_name"] == "serving_default"
        (pixels,) = question["inputs"].values()
        outputs = self.server.outputs(self.server.answer(np.array(pixels)))
        lists = {name: array.tolist() for name, array in outputs.items()}
        return self.reply(json.dumps({"outputs": lists if len(lists) > 1 else next(iter(lists.values()))}).encode())

    def reply(self, body, status=200, headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


class ModelServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, Handler)
        self.seen = deque(maxlen=1000)
        self.get_faults, self.post_faults = deque(), deque()
        self.released = threading.Event()
        self.datatype, self.output_type = "FP32", "FP32"
        self.shape = [-1, SIDE, SIDE, 3]
        self.input_names = ("pictures",)
        self.output_names = ("scores",)
        self.version = "7"
        self.v2 = {"name": "fake", "version": "1", "extensions": []}

    def handle_error(self, *_):
        """A client that hangs up is what some of the tests are about."""

    def answer(self, tensor):
        channels_first = self.shape[1] in (1, 3)
        return known_answer(tensor.transpose(0, 2, 3, 1) if channels_first else tensor)

    def outputs(self, scores):
        """The first output is the answer, every further one its negative."""
        return {name: -scores if index else scores for index, name in enumerate(self.output_names)}

    def v2_model(self):
        described = [{"name": name, "datatype": self.datatype, "shape": self.shape} for name in self.input_names]
        outputs = [{"name": name, "datatype": "FP32", "shape": [-1, CLASSES]} for name in self.output_names]
        return {"name": "known", "versions": ["7"], "platform": "", "inputs": described, "outputs": outputs}

    def v1_metadata(self):
        def tensor(kind, shape):
            sides = [{"size": str(side), "name": ""} for side in shape]
            return {"dtype": kind, "tensor_shape": {"dim": sides, "unknown_rank": False}, "name": "x:0"}

        kind = SERVED_TYPES.get(self.datatype, self.datatype)
        signature = {
            "inputs": {name: tensor(kind, self.shape) for name in self.input_names},
            "outputs": {name: tensor("DT_FLOAT", [-1, CLASSES]) for name in self.output_names},
            "method_name": "tensorflow/serving/predict",
        }
        signatures = {"signature_def": {"serving_default": signature, "__saved_model_init_op": {"inputs": {}}}}
        return {
            "model_spec": {"name": "known", "signature_name": "", "version": "7"},
            "metadata": {"signature_def": signatures},
        }

    def url(self, protocol="v2", path=""):
        return f"http://127.0.0.1:{self.server_port}{path}/{protocol}/models/known"

    @property
    def posts(self):
        return [request for request in self.seen if request[0] == "POST"]
