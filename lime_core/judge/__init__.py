"""Judging: how far to believe an attribution, and what would help most."""

from lime_core.judge.judge import Judge, judge, judged

__all__ = ["Judge", "judge", "judged"]
