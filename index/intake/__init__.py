"""Files on their way in: read in workers, embedded and stored; folders watched, filings fetched."""
