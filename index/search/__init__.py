"""What is searched: vectors and words, published as unchanging states."""
