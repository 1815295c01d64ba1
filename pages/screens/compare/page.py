"""Compare models: the same picture, the same superpixels, the same masks under two or more models."""

from pages.screens.compare import question_settings, results, runs_progress

question_settings.show()
runs_progress.show()
results.show()
