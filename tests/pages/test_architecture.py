"""The rules of the pages that no type can hold: who writes Streamlit's state, and how long a file is."""

from __future__ import annotations

import ast
from pathlib import Path

PAGES = Path(__file__).parents[2] / "pages"
_CHANGING = ("update", "pop", "clear", "setdefault", "__setitem__")
WRITING = ("write", "write_anew", "prime", "show_at_most")  # of `pages.state.widget_state`
FILES = sorted(PAGES.rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def writes_to_streamlits_state(path: Path) -> bool:
    """Return whether a module assigns to `st.session_state`, deletes from it, or calls its `update` and the like."""
    for node in ast.walk(tree_of(path)):
        target = None
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            target = node.func.value
        if target is not None and ast.unparse(target) == "st.session_state":
            return True
    return False


def test_only_the_session_and_the_values_of_widgets_write_streamlits_state() -> None:
    writers = {path.relative_to(PAGES).as_posix() for path in FILES if writes_to_streamlits_state(path)}
    assert writers == {"state/session.py", "state/widget_state.py"}


def names_of_widget_state(path: Path) -> set[str]:
    """Return what a module takes from `pages.state.widget_state`, by import or through the module's name."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "pages.state.widget_state":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "widget_state":
            names.add(node.attr)
    return names


def test_no_widget_and_no_screen_writes_what_widgets_show() -> None:
    takers = {path.relative_to(PAGES).as_posix(): names_of_widget_state(path) for path in FILES}
    writers = {name: {taker for taker, names in takers.items() if name in names} for name in WRITING}
    generated = "widgets/setting_widgets.py"
    assert writers == {
        "write": {"state/session.py"},
        "write_anew": {"state/session.py"},
        "prime": {"state/session.py", generated},
        "show_at_most": {generated},
    }


def test_everything_that_writes_what_widgets_show_is_known_here() -> None:
    module = tree_of(PAGES / "state/widget_state.py")
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    writing = {
        function.name
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "st.session_state"
    }
    assert writing == set(WRITING)


def test_within_the_session_only_change_replaces_the_settings() -> None:
    session = tree_of(PAGES / "state/session.py")
    (cls,) = (node for node in session.body if isinstance(node, ast.ClassDef) and node.name == "Session")
    assigning = {
        method.name
        for method in cls.body
        if isinstance(method, ast.FunctionDef)
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == "settings"
    }
    assert assigning == {"__init__", "change"}


def test_only_the_session_assigns_its_fields() -> None:
    fields = {"settings", "job", "result", "drawn", "reported", "complaint"}
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in fields:
                assert path.name == "session.py", f"{path}:{node.lineno} assigns {ast.unparse(node)}"


def test_nothing_hands_out_setattr() -> None:
    for path in FILES:
        names = {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
        assert "setattr" not in names, path


def test_no_file_is_longer_than_one_purpose() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {str(path) for path, length in lengths.items() if length > 260} == set()


def test_code_is_not_highlighted() -> None:
    """Streamlit's colours of keywords, texts and flags are too pale to be read on the light background."""
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.code":
                assert ast.unparse(node.args[1]) == "None", f"{path}:{node.lineno}"


def test_what_a_button_does_is_not_lost_when_the_run_of_the_script_is_interrupted() -> None:
    """What `st.button` returns is true for one run, which another event may end early; a callback always runs."""
    for path in FILES:
        tree = tree_of(path)
        alone = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "button":
                where = f"{path}:{node.lineno}"
                assert node in alone, f"{where}: use pressed_button, or on_click"
                assert any(keyword.arg == "on_click" for keyword in node.keywords), where
