"""Stock: who gets the last piece, and what plentymarkets is told."""
