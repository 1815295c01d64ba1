"""Settings of property tests: few examples, the same ones every time, and no deadline on a busy machine."""

from __future__ import annotations

from hypothesis import settings

few_examples = settings(max_examples=40, derandomize=True, deadline=None, database=None)
