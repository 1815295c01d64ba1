"""The order in which visitors' runs ask the model."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from pages.state.turns import BusyError, Place, Run, Turns


class Visits:
    """Runs that want turns of so many seconds, one after another; every run asks again as soon as its turn ends.

    Attributes
    ----------
    order : str
        Whose turns there were.
    """

    def __init__(self, turns: Turns) -> None:
        self.order = ""
        self._turns, self._stack = turns, ExitStack()
        self._wanted: dict[str, tuple[Run, list[float]]] = {}

    def come(self, name: str, *seconds: float, visitor: str | None = None) -> Run:
        """Begin a run of a visitor, who is called as the run is unless another name is given."""
        wanted = list(seconds)
        run = self._stack.enter_context(self._turns.run(visitor or name, lambda: sum(wanted)))
        self._wanted[name] = (run, wanted)
        self._turns.ask_for_turn(run)
        return run

    def go_on(self, turns: int = 1000) -> str:
        """Let so many turns pass, or all there are; return the order of all turns so far."""
        for _ in range(turns):
            holding = [name for name, (run, wanted) in self._wanted.items() if run.granted.is_set() and wanted]
            if not holding:
                break
            (name,) = holding
            run, wanted = self._wanted[name]
            self.order += name
            used = wanted.pop(0)
            # The next turn is given before this run can ask again.
            self._turns.end_turn(run, used)
            if wanted:
                self._turns.ask_for_turn(run)
            else:
                run.granted.clear()
        return self.order


@pytest.fixture
def visits() -> Visits:
    return Visits(Turns())


def test_equal_runs_are_done_in_the_order_of_coming_and_not_all_at_the_end(visits: Visits) -> None:
    for name in "abcd":
        visits.come(name, 0.3, 0.3, 0.3)
    order = visits.go_on()
    assert sorted(order) == sorted("abcd" * 3)
    assert [order.rindex(name) for name in "abcd"] == sorted(order.rindex(name) for name in "abcd")
    # The first is done before the last begins.
    assert order.rindex("a") < order.index("d")


def test_a_short_question_goes_before_a_long_one_that_came_first(visits: Visits) -> None:
    visits.come("L", *[0.5] * 40)
    visits.go_on(10)
    visits.come("s", 0.5, 0.5)
    order = visits.go_on()[10:]
    # Two runs that ask in turn: while the short one's answer is on its way, the long one has the model.
    assert order.rindex("s") <= 4


def test_a_long_run_goes_on_however_many_short_ones_come(visits: Visits) -> None:
    visits.come("L", *[1.0] * 30)
    visits.go_on(10)
    for letter in "abcdefghijklmnopqrstuvwxyz":
        visits.come(letter, 0.5)
        visits.go_on(1)
    assert visits.order[10:].count("L") >= 4


def test_all_runs_of_one_visitor_count_together(visits: Visits) -> None:
    for name in "abcdef":
        visits.come(name, *[1.0] * 6, visitor="one")
    visits.go_on(6)
    visits.come("s", *[0.5] * 3, visitor="another")
    order = visits.go_on()[6:]
    assert order.rindex("s") <= 6


def test_a_run_that_waits_knows_its_place_and_about_how_long(visits: Visits) -> None:
    visits.come("a", 0.5, 0.5)
    visits.come("b", 0.4)
    last = visits.come("c", 1.0)
    assert last.place == Place(2, pytest.approx(1.4))
    visits.go_on(2)
    assert last.place is not None
    assert last.place.seconds == pytest.approx(0.5)
    visits.go_on()
    assert last.place is None


def test_of_a_long_run_before_it_only_what_is_left_of_its_level_counts(visits: Visits) -> None:
    visits.come("L", *[0.5] * 100)
    short = visits.come("s", 0.5)
    assert short.place == Place(1, pytest.approx(2.0))


def test_the_wait_is_unknown_while_the_speed_is() -> None:
    turns = Turns()
    with turns.run("a", lambda: None), turns.run("b", lambda: 1.0) as run:
        assert run.place == Place(1, None)


def test_a_single_picture_that_somebody_looks_at_goes_before_all_runs() -> None:
    turns, order = Turns(), []
    with ExitStack() as stack:
        holding, waiting = (stack.enter_context(turns.run(name, lambda: 1.0)) for name in "ab")
        turns.ask_for_turn(holding)
        turns.ask_for_turn(waiting)

        def look() -> None:
            with turns.at_once():
                order.append("picture")

        looking = threading.Thread(target=look)
        looking.start()
        while len(turns._waiting) < 2:
            assert looking.is_alive()
        turns.end_turn(holding, 0.1)
        looking.join(10)
        assert waiting.granted.wait(10)
        assert order == ["picture"]


def test_beyond_the_bound_a_run_is_refused_in_words_and_those_before_it_go_on() -> None:
    turns, seconds = Turns(most=2), {"a": 4.0, "b": 5.0}
    with ExitStack() as stack:
        for name, left in seconds.items():
            stack.enter_context(turns.run(name, lambda left=left: left))
        with pytest.raises(BusyError, match="2 runs are waiting for the model, for about 9 s"), turns.run("c", float):
            pass
    with turns.run("c", float) as run, run.turn():
        pass


def test_only_one_run_at_a_time_asks() -> None:
    turns, inside, most = Turns(), [], []

    def work(name: int) -> None:
        with turns.run(name, lambda: None) as run:
            for _ in range(20):
                with run.turn():
                    inside.append(name)
                    most.append(len(inside))
                    inside.remove(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == 160
    assert max(most) == 1


def test_a_turn_ends_when_its_work_fails() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.run("a", float) as run, run.turn():
        _ = 1 / 0
    with turns.run("b", float) as run, run.turn():
        pass
