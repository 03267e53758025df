"""Writing a plugin: a file to begin with, and the contract that a finished one is checked against."""
