"""Popovers whose contents are drawn only while they are open: closed ones cost a run of the script next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.state.session import session


class SettingsPopover:
    """A popover with the widgets of settings; what they are set to stands in the session while it is closed.

    Parameters
    ----------
    label : str
        Of the button that opens it.
    key : str
        Of whether it is open.
    icon : str
        Name of a Material icon.
    help_text : str, optional
        What it is for.
    """

    def __init__(self, label: str, key: str, *, icon: str, help_text: str | None = None) -> None:
        self._key = key
        self._container = st.popover(label, icon=f":material/{icon}:", help=help_text, key=key, on_change="rerun")
        self._pending = session().popovers_in_use

    @property
    def open(self) -> bool:
        """Whether its contents can be seen."""
        return bool(self._container.open)

    def change_settings(self, draw: Callable[[], dict[str, Any]]) -> bool:
        """Draw the widgets and take over what they hold; do neither while it is closed.

        A click beside the popover closes it and ends the typing in one of its fields at once. So the widgets are drawn
        once more after it was closed, and for as long as what they hold is refused.

        Parameters
        ----------
        draw : callable
            Draws the widgets and returns what `Session.change` takes.

        Returns
        -------
        bool
            Whether the widgets are drawn.

        Raises
        ------
        LimeError
            When what they hold is refused.
        """
        if self.open:
            self._pending.add(self._key)
        elif self._key not in self._pending:
            return False
        with self._container:
            session().change(**draw())
        if not self.open:
            self._pending.remove(self._key)
        return True

    def show(self, draw: Callable[[], object]) -> None:
        """Draw something that holds no settings below the widgets, while it is open."""
        if self.open:
            with self._container:
                draw()
