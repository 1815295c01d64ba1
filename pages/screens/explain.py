"""Explain: a picture, a model, its most probable classes, and what in the picture speaks for each of them."""

from pages.parts import progress, results, setup
from pages.parts.session import session

state = session()
setup.show()
progress.show()
state.catch_up()
results.show()
