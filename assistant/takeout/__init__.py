"""Answers taken out of the program: as Word, Excel and citations."""
