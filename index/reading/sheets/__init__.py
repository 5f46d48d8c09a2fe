"""Workbooks: what their cells show."""
