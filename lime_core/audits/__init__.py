"""Audits: a whole collection of pictures explained, and what a model has really learned found in the explanations."""

from lime_core.audits.run import audit
from lime_core.audits.workers.pool import ModelSource

__all__ = ["ModelSource", "audit"]
