"""Audits: a whole collection of pictures explained, and what a model has really learned found in the explanations."""
