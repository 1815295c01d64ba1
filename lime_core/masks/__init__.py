"""Masks: which superpixels are hidden, what stands in their place, and how far that is from the picture."""
