"""Measure with pyright which share of the public symbols has a known type."""

import os
import re
import subprocess
import sys
from pathlib import Path

LEAST = 95.0
OPTIONS = ["--verifytypes", "lookalike", "--ignoreexternal"]


def main() -> int:
    """Print the share, and what has no type where that is too much."""
    # Pyright looks for packages beside the first Python of PATH.
    here = str(Path(sys.executable).parent)
    path = os.pathsep.join([here, os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pyright", *OPTIONS],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    found = re.search(r"completeness score: ([\d.]+)%", done.stdout)
    share = float(found[1]) if found else 0.0
    if share < LEAST:
        print(done.stdout, done.stderr)
    print(f"Public symbols with a known type: {share}% (at least {LEAST}%)")
    return int(share < LEAST)


if __name__ == "__main__":
    sys.exit(main())
