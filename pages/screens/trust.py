"""Trust: how far to believe the explanation on screen, and trials that put it to the test."""

from pages.parts import opening, progress, trusting

opening.first_look()
progress.show()
trusting.show()
