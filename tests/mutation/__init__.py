"""Mutation testing: change the library in one small way after another, and see whether its tests notice.

Not collected by pytest: run it with ``python -m tests.mutation``.
"""
