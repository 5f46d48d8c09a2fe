"""What a store is held to: proofs of its quotes, and what is wrong with it found and mended."""
