"""bin/bench: measure, print, compare."""

import argparse
import os
import sys
from pathlib import Path

BASELINE = Path(__file__).with_name("baseline.json")
os.environ.setdefault("DEMO", "0")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure the product (docs/bench.md).")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="free, booking, slot, ...")
    parser.add_argument("--rows", type=int, default=1_000_000, help="visits in the large table")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs, not to compare")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep this run")
    parser.add_argument("--baseline", type=Path, metavar="FILE", default=BASELINE, help="compare with a run kept")
    return parser.parse_args()


def main() -> int:
    """0 when everything could be measured; what is slower than its goal is told, not failed."""
    told = arguments()
    import django

    from tests import rig  # noqa: F401  starts the servers where there are none

    django.setup()
    from tests.bench import report, suite

    before = report.load(told.baseline) if told.baseline.exists() else {}
    lines = []
    busy, cores = os.getloadavg()[0], os.cpu_count() or 1
    if busy > cores / 4:
        print(f"The machine is busy ({busy:.1f} on {cores} cores): the figures will be worse.", file=sys.stderr)
    if not told.json:
        print(report.heading(), flush=True)
    for line in suite.run(only=told.only, rows=told.rows, quick=told.quick):
        lines.append(line)
        if told.save:
            report.save(told.save, lines)
        print(report.as_json(line) if told.json else report.row(line, before.get(line.name)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
