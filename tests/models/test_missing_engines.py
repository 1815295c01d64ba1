"""What is said where the libraries that run networks are missing, or set up for something else."""

from __future__ import annotations

import importlib
import sys
import types

import pytest

import lime_core as lc
from lime_core.models.engines import choice, keras_import, openvino_runtime

INSTALL = "`pip install tensorflow keras openvino`"


@pytest.fixture
def nothing_installed(monkeypatch):
    def refuse(name, *_):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setattr(choice, "openvino_available", lambda: False)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    "load",
    [
        keras_import.import_tensorflow,
        openvino_runtime.import_openvino,
        lambda: choice.check_engine("openvino", "f32"),
        lambda: lc.load_classifier("efficientnet_lite0", engine="openvino"),
    ],
    ids=["TensorFlow", "OpenVINO", "engine", "model"],
)
def test_it_is_said_what_the_first_load_needs_and_how_to_install_it(load):
    with pytest.raises(lc.ModelError) as refused:
        load()
    message = str(refused.value)
    assert INSTALL in message
    assert "first load of a Keras model needs" in message


@pytest.mark.parametrize("backend", ["torch", "jax", "nonsense"])
def test_another_backend_of_keras_is_named_and_nobody_is_told_to_install_tensorflow(monkeypatch, backend):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    for use in (keras_import.import_keras, lambda: lc.KerasClassifier(object(), id="mine")):
        with pytest.raises(lc.ModelError) as refused:
            use()
        message = str(refused.value)
        assert f"Keras runs on the backend {backend!r}" in message
        assert "KERAS_BACKEND=tensorflow" in message
        assert "install" not in message


def test_a_keras_that_is_there_already_is_asked_itself(monkeypatch):
    keras = types.SimpleNamespace(config=types.SimpleNamespace(backend=lambda: "jax"))
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(lc.ModelError, match="backend 'jax'"):
        keras_import.check_backend()


def test_no_setting_at_all_is_no_fault(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    keras_import.check_backend()
