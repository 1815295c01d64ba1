"""Showing: pictures and reports of results. Nothing is decided here."""
