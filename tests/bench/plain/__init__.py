"""A bare Django: one view, no middleware, the statements of tests/bench/pgbench.py and nothing else."""
