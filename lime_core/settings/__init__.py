"""Settings: the spec of an explanation, its view, named presets, and both as flags."""
