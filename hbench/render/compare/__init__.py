"""What differs between two methods, or two versions of a board, in words and tables."""
