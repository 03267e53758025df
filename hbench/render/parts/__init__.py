"""The parts of the page: for each one its columns, declared once, and its sections."""
