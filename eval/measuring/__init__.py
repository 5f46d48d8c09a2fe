"""Measures over queries, their intervals, and whether two systems differ."""
