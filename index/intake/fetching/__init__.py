"""Filings from the disclosure site: listed, downloaded, with their provenance kept."""
