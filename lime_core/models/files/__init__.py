"""Files of models: weights, PyTorch checkpoints, and the user's cache folder."""
