"""Papers that travel with the parcel."""
