"""Explain: a picture, a model, its most probable classes, and the evidence in the picture for each of them."""

from pages.screens.explain import question_settings, results
from pages.shell import opening
from pages.widgets import run_progress

opening.first_look()
question_settings.show()
run_progress.show()
results.show()
