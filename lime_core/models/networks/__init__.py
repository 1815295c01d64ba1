"""Networks as classifiers: Keras models, the built-in ones, and their preprocessing."""
