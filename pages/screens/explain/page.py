"""Explain: a picture, a model, its most probable classes, and the evidence in the picture for each of them."""

from pages.screens.explain import explanation, question_settings
from pages.shell import visit
from pages.widgets import run_progress

visit.first_look()
question_settings.show()
run_progress.show()
explanation.show()
