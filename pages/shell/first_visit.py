"""The very first visitor of a server may come by a deep link; these scripts let Streamlit find the screen.

Until `app.py` has called `st.navigation` once, Streamlit takes each script that lies directly in ``pages`` for a
page, knows no other, and answers any other address with "Page not found". So every screen has a script of its name
there, which hands over to `app.py`. From then on nobody asks for those scripts again.
"""

from __future__ import annotations

import runpy
from pathlib import Path

_APP = Path(__file__).parents[2] / "app.py"


def enter() -> None:
    """Run `app.py` in place of the script that was asked for; its navigation then finds the screen."""
    runpy.run_path(str(_APP), run_name="__main__")
