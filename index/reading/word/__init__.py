"""Word documents: styles, numbering, symbols, equations, notes, and the walk over them."""
