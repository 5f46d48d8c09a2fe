"""How Yuanda grows: filings generated from a seed, and what they cost to load and to ask."""
