"""The same pictures under two models: what has changed beyond the error bars."""
