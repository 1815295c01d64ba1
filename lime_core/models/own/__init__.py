"""A stranger's model file (ONNX, TensorFlow Lite, Keras): read in a process of its own, returned as a checked graph."""
