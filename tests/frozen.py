"""The dataclasses of a room, to be asked whether somebody could change them."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil


def changeable_dataclasses(room: str) -> list[str]:
    """The names of the dataclasses of a package whose fields can be set after they are made."""
    package = importlib.import_module(room)
    names = [room, *(module.name for module in pkgutil.walk_packages(package.__path__, f"{room}."))]
    values = [value for name in names for value in vars(importlib.import_module(name)).values()]
    classes = {value for value in values if dataclasses.is_dataclass(value) and isinstance(value, type)}
    mine = [cls for cls in classes if cls.__module__.startswith(room)]
    assert mine
    return sorted(cls.__qualname__ for cls in mine if not cls.__dataclass_params__.frozen)
