"""Compare models: the same picture, the same superpixels, the same masks under two or more models."""

from pages.screens.compare import results as compared
from pages.screens.compare import setup as comparing

comparing.setup()
comparing.progress()
compared.show()
