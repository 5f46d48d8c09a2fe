"""From ranked pairs to an answer that is proved, dated, compared and shown in its place."""
