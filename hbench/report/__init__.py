"""From result files to the leaderboard: read and check, test, lay out, write, compare. Knows nothing of training."""
