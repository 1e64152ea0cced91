"""Parcels that left: tracking numbers, carriers, the end of an order."""
