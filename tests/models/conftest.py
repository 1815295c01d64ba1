import os
import subprocess
import sys
import textwrap

import pytest


@pytest.fixture(scope="session")
def run_python():
    """Run a piece of Python in a process of its own, and return what it printed."""

    def run(source, **environment):
        # An import of TensorFlow in this process sets it, and it would count as the user's wish in the other.
        inherited = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
        finished = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", textwrap.dedent(source)],
            env={**inherited, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished

    return run
