"""Orders on their way from plentymarkets to the warehouse."""
