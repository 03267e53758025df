"""One unit of work: its specification and key, its result, and the store that holds both."""
