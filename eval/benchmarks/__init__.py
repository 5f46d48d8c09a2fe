"""How fast, how large: benchmarks and long runs."""
