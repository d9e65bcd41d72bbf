"""What bin/manage runs: manage.py with the environment of the running bin/run."""

import json
import os
import sys

from pacificmind.embedded.config import ROOT
from pacificmind.embedded.run import ENVIRONMENT_FILE


def main() -> None:
    """Become manage.py."""
    path = ROOT / (os.environ.get("VAR") or "var") / "run" / ENVIRONMENT_FILE
    try:
        environment = json.loads(path.read_text())
    except OSError:
        sys.exit("bin/manage: nothing is running there. Start bin/run first (VAR chooses the data folder).")
    os.execve(sys.executable, [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]], environment)


if __name__ == "__main__":
    main()
