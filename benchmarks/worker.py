"""The process of one contestant: commands on standard input, answers on output.

The first line of the input holds the factory's arguments; then "call" runs and times
what the factory returned, and "describe" asks for the columns of the last answer.
"""

import importlib
import json
import os
import sys
import time
import warnings
from typing import Any


def main() -> None:
    """Serve one contestant until the input ends."""
    # Libraries print, and warn that few rounds do not converge; only the answers may
    # reach the parent.
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value: Any) -> None:
        print(json.dumps(value), file=answers, flush=True)

    module, name = sys.argv[1].split(":")
    arguments = json.loads(sys.stdin.readline())
    try:
        made = getattr(importlib.import_module(module), name)(**arguments)
    except ModuleNotFoundError as error:
        answer({"missing": error.name})
        return
    except OSError as error:  # data that are not here, say
        answer({"refused": str(error)})
        return
    call, describe = made if isinstance(made, tuple) else (made, lambda _: {})
    answer({})
    latest: Any = None
    peak: float | None = None
    for line in sys.stdin:
        if json.loads(line) == "call":
            cpu, wall = time.process_time(), time.perf_counter()
            latest = call()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            peak = peak_megabytes()
            answer({"seconds": wall, "cpu_seconds": cpu})
        else:
            # The peak so far: checking the answer may need more.
            answer({**describe(latest), "peak_megabytes": peak})


def peak_megabytes() -> float | None:
    """Return the most memory that this process has held; None where it is unknown."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    # Linux counts kilobytes, macOS bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    main()
