"""Dry runs: what would be done, and nothing is written."""
