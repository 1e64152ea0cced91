"""Parcels that left, with their numbers and carriers."""
