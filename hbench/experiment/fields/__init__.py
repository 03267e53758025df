"""Fields of a suite that take more than a check of their form."""
