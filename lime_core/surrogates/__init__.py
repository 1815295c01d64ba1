"""Surrogates: simple models that imitate the classifier around one picture, their targets and selections."""
