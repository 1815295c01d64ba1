"""``python -m lime_core`` is the command ``limelight``."""

from __future__ import annotations

import sys

from lime_core.cli.main import main
from lime_core.cli.parser import build_parser

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    sys.exit(main())
