"""LIME: the fit of a weighted surrogate, its error bars, and reduced precision checked against its results."""
