"""Labelled sets of real questions and answers, each split by company."""
