"""Scoring and pruning rows of one's own: what needs no benchmark, only its trainings and its scorers."""
