"""Compare models: the same picture, the same superpixels, the same masks under two or more models."""

from pages.parts import compared, comparing

comparing.setup()
comparing.progress()
compared.show()
