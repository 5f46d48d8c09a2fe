"""Filings of made-up companies, rendered to real files with the pairs to be expected."""
