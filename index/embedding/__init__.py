"""Text to vectors: the encoder, the models, and the passages and sentences that they read."""
