"""Compare models: the same picture, the same superpixels, the same masks under two or more models."""

from pages.screens.compare import compared_models, comparison, comparison_progress

compared_models.show()
comparison_progress.show()
comparison.show()
