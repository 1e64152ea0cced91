"""Orders on their way to the warehouse: fetched, judged, handed over, told back."""
