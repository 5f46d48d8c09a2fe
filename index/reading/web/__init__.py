"""Pages of the web: how their elements look, and the walk over them."""
