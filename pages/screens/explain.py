"""Explain: a picture, a model, its most probable classes, and what in the picture speaks for each of them."""

from pages.parts import opening, progress, results, setup

opening.first_look()
setup.show()
progress.show()
results.show()
