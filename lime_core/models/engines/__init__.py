"""Engines: what runs a network (TensorFlow or OpenVINO), in which precision and in batches of which size."""
