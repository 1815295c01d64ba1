"""Asking the model: the prepared scene, and the model's outputs for perturbed pictures of it."""
