"""The few rules of style that the theme in ``.streamlit/config.toml`` cannot express."""

from __future__ import annotations

import streamlit as st

# Streamlit writes a chosen segment, an open tab and a slider's value in the primary colour. On a dark page no colour is
# both dark enough for the white text of a primary button and light enough to be read as text, so these take the text's
# colour. A formula with tall signs can be scrolled by a pixel or two, which a keyboard could not reach.
_RULES = """<style>
.stButtonGroup [data-selected="true"], .stTabs [role="tab"][aria-selected="true"], [data-testid="stSliderThumbValue"] {
  color: inherit !important;
}
.katex-display { overflow-y: hidden !important; padding: 0.25em; }
</style>"""


def apply() -> None:
    """Add the rules to the page."""
    st.html(_RULES)
