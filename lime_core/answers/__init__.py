"""Answers: the prepared scene, the model in front of it, and what the model says to perturbed pictures."""
