"""Explain: a picture, a model, its most probable classes, and what in the picture speaks for each of them."""

from pages.screens.explain import results, setup
from pages.shell import opening
from pages.widgets import progress

opening.first_look()
setup.show()
progress.show()
results.show()
