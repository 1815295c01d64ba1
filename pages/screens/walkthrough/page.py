"""Walkthrough: LIME in seven steps on the user's own picture, with the real numbers of the present question."""

from pages.screens.walkthrough import stepper
from pages.screens.walkthrough.asking_steps import ASKING
from pages.screens.walkthrough.fitting_steps import FITTING
from pages.shell import visit
from pages.widgets import run_progress

visit.first_look()
run_progress.show()
stepper.show((*ASKING, *FITTING))
