"""Trust: how far to believe the explanation on screen, and trials that put it to the test."""

from pages.screens.trust import results
from pages.shell import opening
from pages.widgets import run_progress

opening.first_look()
run_progress.show()
results.show()
