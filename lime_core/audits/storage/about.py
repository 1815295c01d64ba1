"""What an audit is about: the collection, the model and the settings, which it must share to go on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from lime_core.audits.storage.audit_folder import ABOUT
from lime_core.collections.addresses import AddressCollection, is_address, shown
from lime_core.collections.archive import ZipCollection
from lime_core.collections.folder import FolderCollection
from lime_core.collections.lists import ListedCollection
from lime_core.errors import LimeError
from lime_core.models.protocol import identity_of

if TYPE_CHECKING:
    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.collections import Collection
    from lime_core.models.engines.base import Precision
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec

PICTURES: Final = "pictures one by one"  # a kind of collection
_FAMILY = "limelight-audit/"
_FORMAT = f"{_FAMILY}1"
_SHARED = ("limelight", "collection", "collection_kind", "collection_folder", "precision")
_IN_WORDS = {
    "limelight": "version of limelight",
    "collection": "collection of pictures",
    "collection_kind": "kind of collection",
    "collection_folder": "folder in the zip file",
    "precision": "precision",
    "id": "model",
    "weights_sha256": "model (its weights differ)",
    "identity": "preprocessing or form of outputs of the model",
    "engine": "engine of the model",
    "classes_sha256": "list of class names",
}


def about(collection: Collection, classifier: Classifier, precision: Precision, spec: ExplainSpec) -> dict[str, Any]:
    """Return what an audit is about, as it is kept.

    Parameters
    ----------
    collection : Collection
        Known by its place, what kind it is, and the folder in a zip file; what its pictures show is not kept.
    classifier : Classifier
        The model in f32.
    precision : {"f32", "bf16"}
    spec : ExplainSpec
    """
    names = "\n".join(classifier.class_names)
    return {
        "format": _FORMAT,
        "limelight": _version(),
        **_place(collection),
        "model": {
            "id": classifier.id,
            "weights_sha256": classifier.weights_sha256,
            "identity": identity_of(classifier),
            "engine": classifier.engine,
            "classes_sha256": hashlib.sha256(names.encode("utf-8", "replace")).hexdigest(),
        },
        "precision": precision,
        "spec": spec.to_dict(),
    }


def _place(collection: Collection) -> dict[str, str]:
    """Return what tells a collection from others, wherever the command is given."""
    known = isinstance(collection, FolderCollection | ListedCollection | ZipCollection)
    local = known and not is_address(collection.root)
    root = os.path.abspath(collection.root) if local else shown(collection.root)  # noqa: PTH100 - links are kept
    place = {"collection": root, "collection_kind": _kind(collection)}
    if isinstance(collection, ZipCollection):
        place["collection_folder"] = collection.below.rstrip("/")
    return place


def _kind(collection: Collection) -> str:
    if isinstance(collection, ListedCollection):
        return PICTURES if collection.root == collection.base and not is_address(collection.root) else "list"
    kinds = {FolderCollection: "folder", ZipCollection: "zip file", AddressCollection: "address"}
    return kinds.get(type(collection), "other")


def _version() -> str | None:
    """Return the version of this package, where it is installed as one."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version("limelight")
    return None


def is_audit(folder: AuditFolder) -> bool:
    """Return whether a folder says that it is an audit, of this version or of another one."""
    try:
        document = json.loads((folder.path / ABOUT).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and str(document.get("format")).startswith(_FAMILY)


def kept_about(folder: AuditFolder) -> dict[str, Any] | None:
    """Return what an audit in a folder is about; None where there is none.

    Raises
    ------
    LimeError
        When the file about it is damaged, or of another format.
    """
    file = folder.path / ABOUT
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise LimeError(
            f"{file} is damaged, or was written by another version. Choose another output folder, or begin anew with "
            "--restart (`restart=True`)."
        )
    return document


def check_same(kept: dict[str, Any], given: dict[str, Any], folder: AuditFolder) -> None:
    """Raise `LimeError` unless an audit may go on with what is given; the message names the differences."""
    kept_flat, given_flat = _flat(kept), _flat(given)
    different = [name for name in given_flat if kept_flat.get(name) != given_flat[name]]
    if not different:
        return
    parts = [_difference(name, kept_flat.get(name), given_flat[name]) for name in different]
    raise LimeError(
        f"The audit in {folder.path} was begun with another {'; another '.join(parts)}. Give the same again to go on, "
        "choose another output folder, or begin anew with --restart (`restart=True`)."
    )


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    model, spec = document.get("model"), document.get("spec")
    return {
        **{name: document.get(name) for name in _SHARED},
        **(model if isinstance(model, dict) else {}),
        **{f"setting {name}": value for name, value in (spec.items() if isinstance(spec, dict) else ())},
    }


def _difference(name: str, kept: Any, given: Any) -> str:
    words = _IN_WORDS.get(name, name.replace("_", " "))
    if name.endswith("sha256"):
        return words
    return f"{words}: {_short(kept)}, not {_short(given)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
