"""Connecting to a Ray cluster, with its own messages off the screen."""

from __future__ import annotations

import logging
import signal
import threading
import warnings

from lime_core.errors import LimeError, in_words


def connect(address: str) -> bool:
    """Connect to a cluster unless that is done already; return whether it was."""
    try:
        import ray
    except ImportError as error:
        raise LimeError('Ray is not installed: pip install "limelight[ray]"') from error
    if ray.is_initialized():
        return False
    before = signal.getsignal(signal.SIGTERM)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Ray warns of what it raises
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:  # of many types
        what = "This machine belongs to no Ray cluster" if address == "auto" else f"No Ray cluster answers at {address}"
        raise LimeError(
            f"{what} ({last_line(error)}). Start one with `ray start --head`, or give its address, "
            "ray://HOST:10001; one that asks for a token needs RAY_AUTH_MODE=token and the token in RAY_AUTH_TOKEN or "
            "~/.ray/auth_token. Without --ray the pictures are explained on this machine."
        ) from error
    finally:
        # Ray would end this process at once; an audit is left in order first.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
    show_messages(False)
    return True


def show_messages(shown: bool) -> None:
    """Say whether Ray prints that a worker was lost: it does so into the results of a command, and has no setting."""
    import ray

    ray._private.worker._worker_logs_enabled = shown  # noqa: SLF001 - where Ray's own debugger does it


def last_line(error: Exception) -> str:
    """Return the last line of what an error says, without its full stop."""
    lines = [line.strip() for line in in_words(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:200] if lines else type(error).__name__
