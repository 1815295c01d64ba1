"""LIME: the fit of a weighted surrogate, its error bars, and what reduced precision may have moved of it."""
