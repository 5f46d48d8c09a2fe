"""What a question says: whom it names, of which time, whether it asks, what it follows."""
