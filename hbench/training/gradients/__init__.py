"""Exact per-example gradient norms."""
