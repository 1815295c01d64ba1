"""Anchors: the smallest set of superpixels that fixes the model's answer, found by asking adaptively."""
