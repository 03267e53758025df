"""In which regime a board's models were trained: steps beside those of the full data, of the papers, and by budget."""
