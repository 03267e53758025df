"""The leaderboard as text and pictures; it computes no numbers."""
