"""The project against its peers, and against itself at other sizes: ``python -m benchmarks``."""
