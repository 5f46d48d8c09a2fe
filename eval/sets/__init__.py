"""Labelled sets, and making them searchable."""
