from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from own_archives import LAYER, archive_of, config_of

from lime_core.errors import ModelError
from lime_core.models.own.keras_config import check_config

if TYPE_CHECKING:
    from pathlib import Path


def check(tmp_path: Path, config: Any) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(archive_of(config))
    check_config(path)


def test_keras_s_own_layers_pass(tmp_path: Path) -> None:
    check(tmp_path, config_of(LAYER, {**LAYER, "module": "keras.src.layers.core.dense", "registered_name": "Dense"}))


def test_losses_and_metrics_of_one_s_own_do_not_matter(tmp_path: Path) -> None:
    loss = {"module": "mine", "class_name": "Loss", "registered_name": "mine>Loss", "config": {}}
    check(tmp_path, {**config_of(LAYER), "compile_config": {"loss": loss}})


@pytest.mark.parametrize("name", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "__lambda__"])
def test_layers_that_hold_code_are_refused_with_a_way_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=rf"'{name}', which holds code.*export"):
        check(tmp_path, config_of(LAYER, {**LAYER, "class_name": name}))


def test_code_is_found_wherever_it_is(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    hidden = {**LAYER, "config": {"name": "dense", "activation": [{"deep": {"er": [code]}}]}}
    with pytest.raises(ModelError, match="holds code"):
        check(tmp_path, config_of(hidden))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("subprocess", "Popen"),
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.saving", "load_model"),
        ("keras.src.saving.saving_api", "load_model"),
        ("keras.src.utils.file_utils", "get_file"),
        ("keras.models", "load_model"),
        ("keras.ops", "get_file"),
        ("keras.layers", "deserialize"),
        ("keras", "utils"),
        ("keras_hub.layers", "Something"),
        ("kerasx.layers", "Dense"),
        ("keras.layersx", "Dense"),
        ("mine", "Layer"),
        ("keras.models", "function"),
        ("builtins", "__typespec__"),
        ("builtins", "eval"),
        (["keras.layers"], "Dense"),
        ("keras.layers", {"a": 1}),
        ("keras", ["Sequential"]),
    ],
)
def test_parts_from_elsewhere_are_refused(tmp_path: Path, module: Any, name: Any) -> None:
    with pytest.raises(ModelError, match="whose code is not in the file"):
        check(tmp_path, config_of(LAYER, {**LAYER, "module": module, "class_name": name}))


def test_layers_of_one_s_own_are_named(tmp_path: Path) -> None:
    mine = {"module": None, "class_name": "Blur", "registered_name": "vision>Blur", "config": {}}
    with pytest.raises(ModelError, match=r"'Blur' from 'vision>Blur', whose code is not in the file"):
        check(tmp_path, config_of(mine))


@pytest.mark.parametrize("name", ["StringLookup", "TextVectorization"])
def test_layers_for_words_could_read_files_and_are_refused(tmp_path: Path, name: str) -> None:
    layer = {**LAYER, "class_name": name, "config": {"vocabulary": "/etc/passwd"}}
    with pytest.raises(ModelError, match="reads words and not pictures"):
        check(tmp_path, config_of(layer))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_a_damaged_configuration_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ModelError, match=r"config.json (cannot be read|describes no model)"):
        check(tmp_path, text)
