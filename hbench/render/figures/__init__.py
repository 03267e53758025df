"""The figures of a board."""
