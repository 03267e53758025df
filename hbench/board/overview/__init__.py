"""The board at a glance, in numbers: its matrices, what they show, and what its figures draw."""
