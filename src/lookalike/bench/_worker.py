"""The process of one contestant: told on standard input what to do, answers on output.

Its first line is the factory's arguments; then "call" runs and times what the factory
returned, and "describe" says what came out of it.
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
    # Libraries print, and warn that a race's few rounds are not enough; only our
    # answers may reach the parent.
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
    call, describe = made if isinstance(made, tuple) else (made, lambda _: {})
    answer({})
    latest = None
    for line in sys.stdin:
        if json.loads(line) == "call":
            cpu, wall = time.process_time(), time.perf_counter()
            latest = call()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            answer({"seconds": wall, "cpu_seconds": cpu})
        else:
            answer(describe(latest))


if __name__ == "__main__":
    main()
