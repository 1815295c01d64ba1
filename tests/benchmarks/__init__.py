"""Benchmarks of speed, of sampling and of faithfulness, each as one table: ``python -m tests.benchmarks --help``.

They measure and report; they never judge. What must hold is in the tests, and none of those looks at a clock.
"""
