"""The leaderboard as text and pictures; it makes no number."""
