"""Who looks at a page, and whether they still do."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def visitor() -> Hashable:
    """Return what tells the visitor whose page this run of the script draws from all others."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id


def connection() -> Callable[[], bool]:
    """Return a function that says, in any thread, whether the page that this run of the script draws is connected.

    A hidden tab stays connected. Where there is no server, as in a test, nobody can leave.
    """
    session = visitor()
    if session is None or not runtime.exists():
        return lambda: True
    return lambda: not runtime.exists() or runtime.get_instance().is_active_session(str(session)) is True
