from __future__ import annotations

import io
import subprocess
import sys
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from own_models import CLASSES, HEIGHT, WIDTH, logits, softmax, weights_for

from lime_core.errors import ModelError
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.own.model import Head
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from pathlib import Path


def gray_with_two_heads() -> Any:
    """Return the model of `own_models.logits` for gray pictures, behind a Normalization layer, and its logits."""
    keras = import_keras()
    layers = keras.layers
    pixels = keras.Input((HEIGHT, WIDTH, 1))
    scaled = layers.Normalization(mean=100.0, variance=25.0, axis=None)(pixels)
    scores = layers.Dense(CLASSES, use_bias=False, name="scores")(layers.Flatten()(scaled))
    probabilities = layers.Softmax(name="probabilities")(scores)
    model = keras.Model(pixels, {"logits": scores, "probabilities": probabilities})
    model.get_layer("scores").set_weights([weights_for(1).reshape(CLASSES, -1).T])
    return model


def saved(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return path


def with_weights(path: Path, change: Any) -> bytes:
    """Return a ``.keras`` file with weights that `change` wrote into."""
    target = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "model.weights.h5":
                buffer = io.BytesIO(data)
                with h5py.File(buffer, "r+") as file:
                    change(file)
                data = buffer.getvalue()
            archive.writestr(name, data)
    return target.getvalue()


def test_a_gray_model_with_two_heads_gives_the_known_answer(tmp_path: Path) -> None:
    path = saved(gray_with_two_heads(), tmp_path / "model.keras")
    model = read_model(path, output="probabilities")
    assert (model.kind, model.input_size, model.channels) == ("keras", (HEIGHT, WIDTH), 1)
    assert set(model.outputs) == {Head("scores", CLASSES), Head("probabilities", CLASSES)}
    assert (model.last_operation, model.scales_inside) == ("softmax", True)
    pictures = np.random.default_rng(0).integers(0, 256, (5, HEIGHT, WIDTH, 1)).astype(np.float32)
    engine = OpenVINOEngine(model.graph, model.input_size, Plan(4), channels=1)
    expected = softmax(logits((pictures - 100) / 5, weights_for(1)))
    np.testing.assert_allclose(engine.predict(pictures), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("names", "found", "note"),
    [
        ("red\nblue sky\n\nöl\nplum\n", ("red", "blue sky", "öl", "plum"), ""),
        ("red\nblue\n", (), "names 2 classes, but the output has 4"),
        ("red\nblue\ngreen\nplum\n" + "x" * (1 << 20), (), ""),
    ],
    ids=["four", "two", "too long"],
)
def test_a_text_file_inside_names_the_classes(tmp_path: Path, names: str, found: tuple[str, ...], note: str) -> None:
    path = saved(gray_with_two_heads(), tmp_path / "model.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", names)
    model = read_model(path, output="probabilities")
    assert model.labels == found
    assert note in " ".join(model.notes)


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(range(120)))
    path = saved(gray_with_two_heads(), tmp_path / "model.keras")

    def outside(file: Any) -> None:
        name = "layers/dense/vars/0"
        shape, dtype = file[name].shape, file[name].dtype
        del file[name]
        file.create_dataset(name, shape, dtype, external=[(str(secret), 0, 480)])

    def linked(file: Any) -> None:
        del file["layers/dense"]
        file["layers/dense"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/layers/dense")

    for change in (outside, linked):
        with pytest.raises(ModelError, match="another file, which is not read"):
            read_model(with_weights(path, change))


def test_what_keras_cannot_build_is_a_message(tmp_path: Path) -> None:
    path = saved(gray_with_two_heads(), tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["config.json"] = content["config.json"].replace(b'"Softmax"', b'"Sotfmax"')
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(ModelError, match="Keras cannot build the model"):
        read_model(target.getvalue())


def test_a_model_with_code_is_refused_without_running_it(tmp_path: Path) -> None:
    keras = import_keras()
    canary = tmp_path / "canary"
    pixels = keras.Input((4, 4, 3))
    name = str(canary)
    opened = keras.layers.Lambda(lambda x: (__import__("os").mknod(name), x)[1], output_shape=(4, 4, 3))
    model = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(opened(pixels)))
    canary.unlink(missing_ok=True)
    path = saved(model, tmp_path / "model.keras")
    with pytest.raises(ModelError, match="'Lambda', which holds code"):
        read_model(path)
    assert not canary.exists()


def test_the_parent_imports_no_tensorflow(tmp_path: Path) -> None:
    path = saved(gray_with_two_heads(), tmp_path / "model.keras")
    program = (
        "import sys; from lime_core.models.own.reading import read_model\n"
        f"read_model({str(path)!r}, output='scores'); assert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
