"""Texts as tokens: sequences, windows of long contexts, and words."""
