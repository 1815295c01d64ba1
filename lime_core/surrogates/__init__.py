"""Surrogates: simple models that imitate the classifier around one picture, their targets and selections."""

from lime_core.surrogates.families import SURROGATES, Lasso, LeastSquares, Ridge, Surrogate, Tree

__all__ = ["SURROGATES", "Lasso", "LeastSquares", "Ridge", "Surrogate", "Tree"]
