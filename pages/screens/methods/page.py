"""Methods: several explanations of one picture and class, judged by the same questions to the model."""

from pages.screens.methods import chosen_methods, comparison, comparison_progress
from pages.shell import visit
from pages.widgets import run_progress

visit.first_look()
run_progress.show()
asked = chosen_methods.show()
comparison_progress.show(asked)
if asked is not None:
    comparison.show(asked)
