"""What is kept: one folder with a database, copies of the files, and what readers said."""
