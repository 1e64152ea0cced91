"""Random days under random faults: planned from a seed, played on the real flow, judged apart."""
