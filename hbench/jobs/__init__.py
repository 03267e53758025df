"""One unit of work: its specification and key, its result, and the store that holds both."""

#: Minutes between two checkpoints of a job where nothing else is said.
CHECKPOINT_MINUTES = 5.0
