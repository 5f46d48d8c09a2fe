"""Fitting of ranking and confidence."""
