"""Deprecated parameters of Streamlit are found, wherever a test draws a screen."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(("parameter", "errors"), [("use_container_width=True", 1), ("width='stretch'", 0)])
def test_a_deprecated_parameter_is_an_error(parameter: str, errors: int) -> None:
    page = AppTest.from_string(f"import streamlit as st\nst.dataframe([1], {parameter})").run()
    assert len(page.exception) == errors
