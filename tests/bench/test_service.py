"""The benchmark of the service: what is refused or read wrongly is not a result."""

from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from lookalike_bench import service
from lookalike_bench.bars import checked


def bench_whose_server_answers(status):
    server = service.Server.__new__(service.Server)
    server.asked = Event()

    def ask(method, path, body):
        server.asked.set()
        return status, {"detail": "no"}

    server.ask = ask
    return SimpleNamespace(ours=server, queries=np.zeros((60, 2, 2), np.uint8))


@pytest.mark.parametrize("trouble", [service._swap, service._upsert])
def test_a_refused_change_ends_the_benchmark(trouble):
    bench = bench_whose_server_answers(422)
    with (
        pytest.raises(RuntimeError, match="was refused with status 422"),
        service._meanwhile(trouble, bench),
    ):
        bench.ours.asked.wait(10)


def test_accepted_changes_are_counted():
    bench = bench_whose_server_answers(200)
    with service._meanwhile(service._upsert, bench) as count:
        bench.ours.asked.wait(10)
    assert count[0] > 0


def test_the_bar_of_events_reads_the_peak_and_not_half_of_it():
    rows = [
        {"job": "events", "method": f"lookalike, {name}", "events_per_second": rate}
        for name, rate in (("peak", 3000.0), ("half of its peak", 1500.0))
    ]
    (bar,) = checked(service.BARS, rows)
    assert (bar["value"], bar["holds"]) == (3000.0, True)
