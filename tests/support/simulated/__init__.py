"""Boards of made-up results whose truth is known, and how often the board is wrong about them.

`python -m benchmarks.simulate_boards` prints the table of docs/statistics.md.
"""
