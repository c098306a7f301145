"""How fast posts are judged: in batches, and one after the other over HTTP."""

import json
import time

from lookalike_bench.bars import Row
from lookalike_bench.harmful.common import learned
from lookalike_bench.under_load import n_failed, served


def speed() -> list[Row]:
    """Judge all validation posts in batches of 1,000; seconds are those of one core."""
    system, data = learned()
    texts = data.validation.texts
    system.warm_up()
    started = time.process_time()
    for begin in range(0, len(texts), 1000):
        system.judge(texts[begin : begin + 1000])
    per_hour = 3600 * len(texts) / (time.process_time() - started)
    return [{"method": "lookalike", "posts/h, one core": per_hour}]


def over_http(rate: float = 50, seconds: float = 10) -> list[Row]:
    """Measure the latency of single posts, asked of one worker at a fixed rate."""
    system, _ = learned()
    body = json.dumps({"text": "what a lovely day it is, my friends"}).encode()
    with served("harmful", system.save) as server:
        found = server.load(
            "/v1/harmful/classify", body, rate=rate, connections=8, seconds=seconds
        )
    return [
        {
            "method": "lookalike",
            "requests/s": round(found["per_second"], 1),
            "p50 ms": round(found["p50"], 3),
            "p99 ms": round(found["p99"], 3),
            "refused": n_failed(found),
        }
    ]
