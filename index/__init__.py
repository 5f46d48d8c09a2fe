"""Offline half of Yuanda: read filings, split them by question, embed and store them."""
