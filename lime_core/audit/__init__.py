"""Audits: a whole collection of pictures explained, and what a model has really learned found in the explanations."""

from lime_core.audit.run import audit
from lime_core.audit.workers import ModelSource

__all__ = ["ModelSource", "audit"]
