"""Walkthrough: LIME in seven steps on the user's own picture, with the real numbers of the present question."""

from pages.screens.walkthrough import stepper as walk
from pages.screens.walkthrough.steps_asking import ASKING
from pages.screens.walkthrough.steps_fitting import FITTING
from pages.shell import opening
from pages.widgets import progress

opening.first_look()
progress.show()
walk.show((*ASKING, *FITTING))
