"""What goes to a server, and what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """What a protocol asks: a path on the server, and for an inference the body to post."""

    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer to a request that went well."""

    headers: Mapping[str, str]
    body: bytes

    def json(self, body: bytes | None = None) -> dict[str, Any]:
        """Return the answer, or the given part of it, read as a JSON object.

        Raises
        ------
        ModelError
            If it is something else; the message says what.
        """
        text = self.body if body is None else body
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            kind = "an HTML page" if text.lstrip()[:1] == b"<" else "something else than JSON"
            raise ModelError(f"The server answered with {kind}: is there a model server at this address?") from error
        if not isinstance(given, dict):
            raise ModelError(f"The server must answer with a JSON object; got {type(given).__name__}.")
        return given
