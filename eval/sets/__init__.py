"""Labelled sets, written and real, and making them searchable."""
