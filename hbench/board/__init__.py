"""The leaderboard in numbers: what is compared, differences and verdicts, costs. It writes no text."""
