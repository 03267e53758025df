"""A benchmark on what the user brings: rows without a plugin, scores and subsets made elsewhere."""
