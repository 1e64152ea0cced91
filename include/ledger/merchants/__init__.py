"""Merchants: their file, their mode, their life."""
