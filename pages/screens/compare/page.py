"""Compare models: the same picture, the same superpixels, the same masks under two or more models."""

from pages.screens.compare import models_and_button, results, runs_progress

models_and_button.show()
runs_progress.show()
results.show()
