"""The published format: one JSON file per cell, read and checked."""
