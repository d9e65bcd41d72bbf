"""The product's speed against the least that could do the same: what `bin/bench` runs (docs/bench.md)."""
