"""Minutes at twice the capacity: the service has to stay up and small, and recover.

    python benchmarks/soak.py [SECONDS]        # 600 by default

Prints one JSON object: the peak, the answers at twice the peak, the statuses of the
refused requests, memory every few seconds, and the rates and latencies afterwards.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from lookalike_bench.under_load import Bench, form, png


def main(seconds: float) -> None:
    """Run the load and print the result."""
    with tempfile.TemporaryDirectory() as folder, Bench(Path(folder), 1) as bench:
        bench.plain.stop()
        server, path = bench.ours, "/v1/digits/search?k=10"
        body, kind = form([png(bench.queries[0])])
        server.load(path, body, kind, seconds=3.0)
        peak = server.load(path, body, kind, seconds=10.0)
        memory: list[list[float]] = []
        stop = threading.Event()

        def watch() -> None:
            begin = time.monotonic()
            while not stop.wait(min(10.0, seconds / 10)):
                since = round(time.monotonic() - begin, 1)
                memory.append([since, round(server.megabytes, 1)])

        watcher = threading.Thread(target=watch)
        watcher.start()
        rate = 2 * peak["per_second"]
        over = server.load(path, body, kind, rate, 256, seconds)
        stop.set()
        watcher.join()
        time.sleep(5)
        half = peak["per_second"] / 2
        after = server.load(path, body, kind, rate=half, seconds=5.0)
        again = server.load(path, body, kind, seconds=10.0)
        database = sum(f.stat().st_size for f in (Path(folder)).rglob("lookalike.db*"))
        quarter = memory[len(memory) // 4][1]
        print(
            json.dumps(
                {
                    "seconds": seconds,
                    "peak_per_second": peak["per_second"],
                    "offered_per_second": rate,
                    "answered_per_second": over["per_second"],
                    "share_of_peak": over["per_second"] / peak["per_second"],
                    "statuses": over["statuses"],
                    "p99_of_the_answered": over["p99"],
                    "five_seconds_later": after,
                    "peak_later": again["per_second"],
                    "megabytes": memory,
                    "growth_after_a_quarter": memory[-1][1] - quarter,
                    "database_megabytes": database / 2**20,
                }
            )
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0)
