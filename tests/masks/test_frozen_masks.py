from __future__ import annotations

from frozen import changeable_dataclasses


def test_nothing_that_is_declared_in_this_room_can_be_changed():
    assert changeable_dataclasses("lime_core.masks") == []
