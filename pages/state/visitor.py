"""Whether a visitor's page is still there: a hidden tab sends no heartbeat for minutes, but stays connected."""

from __future__ import annotations

from collections.abc import Callable

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def connection() -> Callable[[], bool]:
    """Return a function that says, in any thread, whether the page that this run of the script draws is connected.

    Outside of a page it always says no.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return lambda: False
    session = context.session_id
    return lambda: runtime.exists() and runtime.get_instance().is_active_session(session) is True
