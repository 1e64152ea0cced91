"""Stock: wemalo's figures to plentymarkets, as bookings or as absolute numbers."""
