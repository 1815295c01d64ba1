"""The simulation of an audit with many workers, where the answer is known."""

from __future__ import annotations

import pytest

from tests.benchmarks.audit_efficiency import simulated_efficiency


def test_nothing_is_lost_where_the_main_process_takes_no_time():
    assert simulated_efficiency([2.0], [0.0], 50, pictures=1000) == pytest.approx(1.0)


def test_one_worker_is_the_measure():
    assert simulated_efficiency([2.0, 3.0], [0.1], 1, pictures=10, in_flight=3) == pytest.approx(1.0)


def test_the_main_process_bounds_what_workers_can_do():
    """At 0.1 s a picture, ten pictures a second are the most, whatever a hundred workers of 1 s could do."""
    measured = simulated_efficiency([1.0], [0.1], 100, pictures=5000, in_flight=3)
    assert measured == pytest.approx(0.1 * 1.0, rel=0.05)


def test_a_queue_hides_the_main_process():
    assert simulated_efficiency([1.0], [0.01], 40, pictures=4000, in_flight=3) > 0.97


def test_pictures_that_do_not_divide_leave_workers_idle():
    assert simulated_efficiency([1.0], [0.0], 4, pictures=5) == pytest.approx(5 / 8)
