"""The user's own rows: read as they are saved, made into a task without a plugin, and written back in part."""
