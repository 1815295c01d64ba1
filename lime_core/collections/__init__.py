"""Collections of pictures: a folder, a list, a table or an address, with the true class of each picture if known."""

from lime_core.collections.base import CollectedPicture, Collection, open_collection

__all__ = ["CollectedPicture", "Collection", "open_collection"]
