"""What every concern shares: both systems, their limits and failures, the one way to write."""
