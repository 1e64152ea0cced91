"""Shadow mode: what we would have done beside another connection."""
