"""Replay: what a window lost is found, and the other steps repair it."""
