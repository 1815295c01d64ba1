"""Gradients of a stranger's ``.keras`` file, from TensorFlow in a process of its own."""
