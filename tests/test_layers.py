"""The library's layout: few modules beside its rooms, and every room in the written order of imports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def layers(contract_id: str) -> set[str]:
    (contract,) = [contract for contract in CONTRACTS if contract["id"] == contract_id]
    return {name.strip() for layer in contract["layers"] for name in layer.split("|")}


def modules_and_rooms(folder: Path) -> set[str]:
    """The modules and packages directly in a folder, without the folder itself."""
    files = {file.stem for file in folder.glob("*.py") if file.stem != "__init__"}
    return (
        files
        | {file.parent.name for file in folder.glob("*/*.py")}
        | {file.parents[1].name for file in folder.glob("*/*/*.py")}
    )


def test_no_more_than_eight_modules_lie_directly_in_the_library():
    assert len(list((ROOT / "lime_core").glob("*.py"))) <= 8


def test_no_file_is_longer_than_280_lines():
    files = [*(ROOT / "lime_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    lengths = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > 280} == {}


def test_the_written_order_of_imports_names_every_room():
    assert layers("pipeline") == modules_and_rooms(ROOT / "lime_core")
    assert layers("models-inside") == modules_and_rooms(ROOT / "lime_core" / "models")
    assert layers("screens") == modules_and_rooms(ROOT / "pages")


def test_no_import_runs_against_the_written_order():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
