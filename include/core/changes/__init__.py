"""What changes after the hand-over: other contents, other addresses."""
