"""A real server of the Open Inference Protocol, MLServer, with the built-in model behind it.

It runs in an environment of its own, because it wants older packages than this project.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sysconfig
import textwrap
import time
import urllib.request
import venv
from pathlib import Path

import numpy as np
import pytest
import skimage.data

import lime_core as lc
from lime_core.models.servers import connect

ROOT = Path(__file__).parents[3]
PACKAGES = ("mlserver==1.7.1", "tritonclient[http]==2.73.0")
RUNTIME = '''
    """The built-in model; a channels-first input is expected in -1..1, as the preprocessing "tf" makes it."""

    import numpy as np
    from mlserver import MLModel
    from mlserver.codecs import NumpyCodec
    from mlserver.types import InferenceResponse

    import lime_core as lc


    class Lite0(MLModel):
        async def load(self):
            self._classifier = lc.load_classifier("efficientnet_lite0")
            return True

        async def predict(self, payload):
            pixels = NumpyCodec.decode_input(payload.inputs[0])
            if pixels.shape[1] == 3:
                pixels = np.rint((pixels.transpose(0, 2, 3, 1) + 1) * 127.5).astype(np.uint8)
            outputs = NumpyCodec.encode_output("probabilities", self._classifier.predict(np.ascontiguousarray(pixels)))
            return InferenceResponse(model_name=self.name, outputs=[outputs])
'''
MODELS = {"bytes": ("UINT8", [-1, 224, 224, 3], "none"), "floats": ("FP32", [-1, 3, 224, 224], "tf")}


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """An environment with MLServer and Triton's client; what they lack they take from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("mlserver") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], stderr=subprocess.DEVNULL, check=True)
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = f"{ROOT}\n{sysconfig.get_path('purelib')}\n"
    (Path(packages.stdout.strip()) / "tests.pth").write_text(lines, encoding="utf-8")
    return python


@pytest.fixture(scope="session")
def mlserver(environment, tmp_path_factory):
    """The address of a running MLServer."""
    folder = tmp_path_factory.mktemp("models")
    with socket.create_server(("127.0.0.1", 0)) as a, socket.create_server(("127.0.0.1", 0)) as b:
        port, other_port = a.getsockname()[1], b.getsockname()[1]
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": other_port,
        "metrics_endpoint": None,
        "parallel_workers": 0,
        "debug": False,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "runtime.py").write_text(textwrap.dedent(RUNTIME))
    for name, (datatype, shape, _) in MODELS.items():
        (folder / name).mkdir()
        described = {
            "name": name,
            "implementation": "runtime.Lite0",
            "inputs": [{"name": "pictures", "datatype": datatype, "shape": shape}],
            "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 1000]}],
        }
        (folder / name / "model-settings.json").write_text(json.dumps(described))
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    log = folder / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [environment.with_name("mlserver"), "start", folder],
            cwd=folder,
            env={**variables, "PYTHONPATH": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(server, f"http://127.0.0.1:{port}/v2/health/ready", log)
        yield f"http://127.0.0.1:{port}/v2/models"
    finally:
        server.terminate()
        server.wait(30)


def wait_for(server, url, log):
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"MLServer did not start:\n{log.read_text()[-3000:]}")


@pytest.mark.parametrize("name", MODELS)
def test_the_explanation_is_that_of_the_built_in_model(mlserver, lite0, name):
    cat = skimage.data.chelsea()
    spec = lc.ExplainSpec(samples=96, seed=5)
    served = connect(f"{mlserver}/{name}", labels=lite0.class_names, preprocessing=MODELS[name][2])
    expected, explained = lc.explain(cat, lite0, spec), lc.explain(cat, served, spec)
    assert explained.classes[0].name == "Egyptian cat"
    for here, there in zip(expected.classes, explained.classes, strict=True):
        assert (here.index, here.name) == (there.index, there.name)
        np.testing.assert_allclose(there.coefficients, here.coefficients, atol=1e-4)


BODY = """
    import sys
    import numpy as np
    from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

    pixels = np.load(sys.argv[1])
    tensor = InferInput("pictures", list(pixels.shape), sys.argv[2])
    tensor.set_data_from_numpy(pixels, binary_data=True)
    body, length = InferenceServerClient.generate_request_body([tensor], outputs=[InferRequestedOutput("scores")])
    sys.stdout.buffer.write(b"%d\\n" % length + body)
"""


@pytest.mark.parametrize("datatype", ["FP32", "FP16", "UINT8"])
def test_binary_requests_are_those_of_tritons_own_client(environment, server, pictures, tmp_path, datatype):
    server.datatype, server.v2 = datatype, {**server.v2, "extensions": ["binary_tensor_data"]}
    connect(server.url()).predict(pictures[:2])
    _, _, headers, body = server.posts[-1]
    length = int(headers["Inference-Header-Content-Length"])
    np.save(tmp_path / "pixels.npy", pictures[:2].astype({"FP32": "f4", "FP16": "f2", "UINT8": "u1"}[datatype]))
    finished = subprocess.run(
        [environment, "-c", textwrap.dedent(BODY), tmp_path / "pixels.npy", datatype], capture_output=True, check=True
    )
    theirs_length, _, theirs = finished.stdout.partition(b"\n")
    assert theirs[int(theirs_length) :] == body[length:]
    mine, expected = json.loads(body[:length]), json.loads(theirs[: int(theirs_length)])
    assert mine["inputs"] == expected["inputs"]
    # Both ask for one output in binary; there are two ways to say so.
    assert expected["outputs"] == [{"name": "scores", "parameters": {"binary_data": True}}]
    assert mine["outputs"] == [{"name": "scores"}]
    assert mine["parameters"] == {"binary_data_output": True}
