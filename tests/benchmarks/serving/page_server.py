"""The page's server in a process of its own: started, measured, stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[3]
_START = 60.0  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


class PageServer:
    """``streamlit run app.py`` on a free port, until it is closed.

    Linux only: processor time and memory are read from ``/proc``.

    Parameters
    ----------
    folder : Path
        For its log.
    cache : Path, optional
        Folder of converted models; without it the user's own, or that of ``LIMELIGHT_CACHE``.
    **environment
        Further environment variables.
    """

    def __init__(self, folder: Path, cache: Path | None = None, **environment: str) -> None:
        self.port = _free_port()
        self.log = folder / f"server-{self.port}.log"
        options = {
            "server.port": self.port,
            "server.address": "127.0.0.1",
            "server.headless": "true",
            "server.fileWatcherType": "none",
            "browser.gatherUsageStats": "false",
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        if cache is not None:
            environment["LIMELIGHT_CACHE"] = str(cache)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", *flags],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_for_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu(self) -> float:
        """Return the processor time of the server so far, in seconds, its ended children included."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        # The name of the program, in brackets, may hold spaces; times stand behind it (man 5 proc).
        user, system, user_of_children, system_of_children = map(int, text.rpartition(")")[2].split()[11:15])
        return (user + system + user_of_children + system_of_children) / _TICKS

    def settle(self, seconds: float = 1.0, most: float = 30.0) -> None:
        """Wait until the server has done nothing for some seconds, at most so long."""
        end = time.monotonic() + most
        before = self.cpu()
        while time.monotonic() < end:
            time.sleep(seconds)
            now = self.cpu()
            if now - before <= 0.02 * seconds:
                return
            before = now

    def memory(self) -> float:
        """Return the resident memory of the server, in MB."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def complaints(self) -> list[str]:
        """Return the lines of the log that tell of an exception."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        signs = ("Traceback", "Error", "Exception", "exception")
        return [line for line in text.splitlines() if any(sign in line for sign in signs)]

    def _wait_for_start(self) -> None:
        end = time.monotonic() + _START
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.close()
        raise RuntimeError(f"The page's server does not start: {self.log.read_text(encoding='utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
