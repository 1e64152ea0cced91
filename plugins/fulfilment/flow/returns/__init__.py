"""Goods that come back: announced by the merchant, booked by the warehouse."""
