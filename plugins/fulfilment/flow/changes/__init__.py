"""What changes after the hand-over: cancellations, and new data."""
