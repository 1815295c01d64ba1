"""Engines: what executes a network, on which library, in which precision and batch."""
