"""The same checks everywhere: what runs before a commit is what the gate runs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_runs_before_a_commit_is_what_the_gate_runs():
    hooks = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert len(hooks) == 5
    # The gate runs every test, those before a push only the fast ones.
    assert set(hooks) - {'pytest -m "not slow"'} <= set(gate)
    assert any(line.endswith("pytest") for line in gate)
