"""Benchmarks: each a module with ``run() -> list[Row]``, named in `include.bench.registry`."""
