"""Replays: what a window lost is found and repaired."""
