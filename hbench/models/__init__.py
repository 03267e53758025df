"""Models: their catalogue, which names and versions them, and loading them."""
