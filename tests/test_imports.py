from __future__ import annotations

import subprocess
import sys


def test_importing_lime_core_imports_neither_streamlit_nor_tensorflow_nor_plotly():
    code = (
        "import sys, lime_core, lime_core.models, lime_core.show, lime_core.cli.main\n"
        "print([name for name in ('streamlit', 'tensorflow', 'keras', 'plotly') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
