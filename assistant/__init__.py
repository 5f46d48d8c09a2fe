"""Online half of Yuanda: retrieve, decide, cite; and the command line."""
