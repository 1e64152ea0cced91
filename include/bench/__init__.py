"""Benchmarks: modules with ``run(*, quick)``, named in `include.bench.registry`."""
