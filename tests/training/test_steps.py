"""What a training writes besides the network: steps around a way to train that learns nothing and takes no time."""

from __future__ import annotations

import json

import numpy as np
import pytest
from collections_of_pictures import web_server
from labelled_folders import write_noise

import lime_core as lc
from lime_core.training import trainer
from lime_core.training.ways import Fitted


class _Guessing:
    """A way to train whose model gives each of two classes one half."""

    name = "guessing"
    input_size = (8, 8)

    def values(self, pictures):
        return pictures

    def fit(self, values, labels, classes, seed, on_progress):
        del values, labels, classes, seed, on_progress
        return Fitted(lambda pictures, training: _halves(pictures), _halves, {})


def _halves(pictures):
    return np.full((len(pictures), 2), 0.5)


@pytest.fixture(autouse=True)
def _without_keras(monkeypatch):
    monkeypatch.setattr(trainer, "BuiltInFeatures", _Guessing)
    monkeypatch.setattr(trainer, "import_keras", lambda: None)
    monkeypatch.setattr(trainer, "write_model", lambda model, draft, classes: str(draft.write_bytes(b"new")))


def test_the_figures_hold_no_secrets_of_an_address(tmp_path):
    folder = write_noise(tmp_path / "noise", each=5)
    rows = [f"{path.relative_to(folder).as_posix()},{path.parent.name}" for path in folder.rglob("*.png")]
    (folder / "l.csv").write_text("\n".join([*rows, "one/gone.png,one"]), encoding="utf-8")
    with web_server(folder) as address:
        secret = address.replace("://", "://me:PASSWORD@")
        training = lc.train(f"{secret}/l.csv?token=SECRET", tmp_path / "mine.keras")
    text = (tmp_path / "mine.json").read_text(encoding="utf-8")
    assert json.loads(text)["settings"]["pictures"] == f"{address}/l.csv"
    ((path, reason),) = training.skipped
    assert path == "one/gone.png"
    assert reason.startswith(f"There is nothing at {address}/one/gone.png ")
    assert "PASSWORD" not in text
    assert "SECRET" not in text


def test_a_model_of_an_earlier_training_is_replaced_and_another_one_never(tmp_path):
    folder, model = write_noise(tmp_path / "noise", each=5), tmp_path / "mine.keras"
    model.write_bytes(b"a model of another origin")
    with pytest.raises(lc.LimeError, match=r"no mine\.json beside it .* choose another name for the model, or move"):
        lc.train(folder, model)
    assert model.read_bytes() == b"a model of another origin"
    assert not model.with_suffix(".json").exists()
    model.unlink()
    lc.train(folder, model)
    model.write_bytes(b"the earlier one")
    lc.train(folder, model)
    assert model.read_bytes() == b"new"


def test_an_output_at_an_address_is_refused_without_its_secrets(tmp_path):
    folder = write_noise(tmp_path / "noise", each=5)
    with pytest.raises(lc.LimeError, match=r"The output sftp://host/mine\.keras is an address"):
        lc.train(folder, "sftp://me:PASSWORD@host/mine.keras")
