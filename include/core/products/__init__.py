"""Products: what wemalo is told of variations."""
