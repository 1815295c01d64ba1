"""Trust: how far to believe the explanation on screen, and trials that put it to the test."""

from pages.screens.trust import content as trusting
from pages.shell import opening
from pages.widgets import progress

opening.first_look()
progress.show()
trusting.show()
