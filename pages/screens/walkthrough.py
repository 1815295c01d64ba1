"""Walkthrough: LIME in seven steps on the user's own picture, with the real numbers of the present question."""

from pages.parts import opening, progress, walk
from pages.parts.steps_asking import ASKING
from pages.parts.steps_fitting import FITTING

opening.first_look()
progress.show()
walk.show((*ASKING, *FITTING))
