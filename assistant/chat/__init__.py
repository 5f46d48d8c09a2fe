"""What the chat shows and does, without its events."""
