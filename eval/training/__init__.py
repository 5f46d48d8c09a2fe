"""The recipe of the shipped embedding model: ``python -m eval.training --help``."""
