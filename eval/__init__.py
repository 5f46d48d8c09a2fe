"""Evaluation of Yuanda: labelled questions, measures and benchmarks."""
