"""Addresses of models on servers, and which of them an operator allows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINTS_VARIABLE = "LIMELIGHT_ENDPOINTS"

_PORTS = {"http": 80, "https": 443}
# A segment of a path, but neither "." nor "..", which would lead elsewhere.
_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+"
_PATH = re.compile(rf"(?:/{_SEGMENT})*")
_MODEL_PATHS = {
    "v2": re.compile(
        rf"(?P<path>(?:/{_SEGMENT})*/v2/models/(?P<model>{_SEGMENT})(?:/versions/(?P<version>{_SEGMENT}))?)(?:/infer)?"
    ),
    "v1": re.compile(
        rf"(?P<path>(?:/{_SEGMENT})*/v1/models/(?P<model>{_SEGMENT})(?:/versions/(?P<version>[0-9]+))?)(?::predict)?"
    ),
}
_FORMS = (
    "http://HOST:8000/v2/models/NAME (Open Inference Protocol) or http://HOST:8501/v1/models/NAME (TensorFlow Serving)"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A server: what requests are sent to, whatever their path."""

    scheme: Literal["http", "https"]
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Address:
    """A model on a server.

    Attributes
    ----------
    origin : Origin
        The server.
    protocol : {"v2", "v1"}
        Open Inference Protocol v2, or TensorFlow Serving's REST interface.
    path : str
        Path of the model, with its version if the address names one; without ``/infer`` or ``:predict``.
    model : str
        Name of the model.
    version : str or None
        The version that the address names.
    """

    origin: Origin
    protocol: Literal["v2", "v1"]
    path: str
    model: str
    version: str | None

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


def parse_address(text: str) -> Address:
    """Read the address of a model.

    Parameters
    ----------
    text : str
        ``http[s]://HOST[:PORT][/PREFIX]/v2/models/NAME[/versions/VERSION][/infer]`` or
        ``http[s]://HOST[:PORT][/PREFIX]/v1/models/NAME[/versions/NUMBER][:predict]``.

    Raises
    ------
    ModelError
        For any other text, and for a user name or password in it.
    """
    origin, path = _split(text)
    for protocol, pattern in _MODEL_PATHS.items():
        if found := pattern.fullmatch(path.rstrip("/")):
            return Address(
                origin,
                "v2" if protocol == "v2" else "v1",
                path=found["path"],
                model=found["model"],
                version=found["version"],
            )
    raise ModelError(f"The path {path!r} does not name a model on a server: give {_FORMS}, plain names only.")


def endpoint_prefixes(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the address prefixes that the operator allows, from ``LIMELIGHT_ENDPOINTS``.

    The variable holds them with commas or blanks between them, for example
    ``http://models.internal:8000, https://example.org/v2/models/cats``.
    """
    return tuple(prefix for prefix in re.split(r"[,\s]+", environ.get(ENDPOINTS_VARIABLE, "")) if prefix)


def allowed_endpoint(address: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether the operator allows the address of a model; without ``LIMELIGHT_ENDPOINTS`` none is allowed.

    Scheme, host and port must be those of one of `endpoint_prefixes`, and the path must begin with its path, whole
    segments at a time: ``http://ok.example`` allows neither ``http://ok.example.evil`` nor ``https://ok.example``.

    Raises
    ------
    ModelError
        If the address, or a prefix in the variable, cannot be read.
    """
    asked = parse_address(address)
    segments = asked.path.split("/")
    for prefix in endpoint_prefixes(environ):
        try:
            origin, path = _split(prefix)
        except ModelError as error:
            raise ModelError(f"The environment variable {ENDPOINTS_VARIABLE} cannot be used: {error}") from error
        start = path.rstrip("/").removesuffix(":predict").split("/")
        if origin == asked.origin and segments[: len(start)] == start:
            return True
    return False


def _split(text: str) -> tuple[Origin, str]:
    """Return server and path of an address; nothing but plain characters passes, so that nobody reads it otherwise."""
    if not isinstance(text, str) or not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        raise ModelError(f"The address of a model is a text without blanks: {_FORMS}; got {text!r}.")
    if "@" in text:
        # The address is not repeated, because it may hold a password.
        raise ModelError(
            "The address of a model must not hold a user name or password: leave out everything up to the @, and put "
            "an access token into the environment variable LIMELIGHT_TOKEN."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ModelError(f"{text!r} is not an address: {error}.") from error
    if parts.scheme not in _PORTS:
        raise ModelError(f"The address of a model begins with http:// or https://; got {text!r}.")
    host = parts.hostname or ""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*", host):
        raise ModelError(f"The address {text!r} names no host: give {_FORMS}.")
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ModelError(f"The address of a model has nothing after its path; got {text!r}.")
    if not _PATH.fullmatch(re.sub(r":predict$", "", parts.path.rstrip("/"))):
        raise ModelError(
            f"The path {parts.path!r} has empty, relative or encoded parts: give {_FORMS}, plain names only."
        )
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    host = f"[{host}]" if ":" in host else host
    return Origin(scheme, host, _PORTS[scheme] if port is None else port), parts.path
