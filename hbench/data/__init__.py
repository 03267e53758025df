"""Examples of a task: from the hub, from a folder of the user's, or built in."""
