"""Commands on rows of one's own: `hbench score` and `hbench prune`."""
