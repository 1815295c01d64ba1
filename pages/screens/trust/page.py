"""Trust: how far to believe the explanation on screen, and trials that put it to the test."""

from pages.screens.trust import verdict_and_trials
from pages.shell import visit
from pages.widgets import run_progress

visit.first_look()
run_progress.show()
verdict_and_trials.show()
