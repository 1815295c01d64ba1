"""Results: what every method gives, LIME's explanation, the verdict on it, and how results compare."""
