"""Requests that come together: one batch, each with its own faults and its own time."""

import asyncio
import io
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image

from lookalike.core.spec import SystemSpec
from lookalike.service.answering import AnswerRequest, answer_batch
from lookalike.service.engine import Engine, Job
from lookalike.service.errors import ServiceError

SPEC = SystemSpec(
    *("toy", "Toy", "", "", "", "", "lookalike.core.inputs:USERS"),
    capabilities=("classify", "search"),
    datasets={},
)
SETTINGS = SimpleNamespace(max_pixels=4_000, max_request_pixels=4_000)


class Toy:
    """Answers with the query and k; "bad" cannot be answered, "odd" is no query."""

    def __init__(self, seconds=0.0):
        self.seconds, self.calls = seconds, []

    def check_query(self, query):
        if query == "odd":
            raise ValueError("odd is no query.")
        if query == "broken":
            raise RuntimeError("a decoder's own error")
        return query

    def search_each(self, queries, k, where=None):
        self.calls.append(list(queries))
        time.sleep(self.seconds * len(queries))
        if "bad" in queries:
            raise KeyError("bad")
        return [(query, k, where) for query in queries]


def answers(system, *requests, seconds=10.0):
    until = time.monotonic() + seconds
    jobs = [Job(request, until, None) for request in requests]
    return answer_batch(SPEC, SimpleNamespace(system=system), jobs, SETTINGS, {})


def asked(*inputs, k=3, **more):
    return AnswerRequest("search", inputs, k, **more)


def test_requests_of_one_k_are_one_batch_and_others_are_not():
    toy = Toy()
    found = answers(
        toy,
        asked("a"),
        asked("b", "c"),
        asked("d", k=5),
        asked("e", where={"x": [1]}),
    )
    assert toy.calls == [["a", "b", "c"], ["d"], ["e"]]
    assert [each.answers for each in found] == [
        [("a", 3, None)],
        [("b", 3, None), ("c", 3, None)],
        [("d", 5, None)],
        [("e", 3, {"x": [1]})],
    ]


def test_an_input_that_is_none_spoils_its_own_request_alone():
    found = answers(Toy(), asked("a"), asked("b", "odd"), asked("c"))
    assert [getattr(f, "answers", None) for f in found] == [
        [("a", 3, None)],
        None,
        [("c", 3, None)],
    ]
    assert isinstance(found[1], ValueError)


def test_whatever_goes_wrong_with_an_input_spoils_its_own_request_alone():
    found = answers(Toy(), asked("a"), asked("b", "broken"), asked("c"))
    assert [type(each).__name__ for each in found] == [
        "Answered",
        "RuntimeError",
        "Answered",
    ]


def test_inputs_are_decoded_while_there_is_time_and_the_rest_is_left():
    class Slow(Toy):
        def check_query(self, query):
            time.sleep(0.05)
            return query

    started = time.monotonic()
    [found] = answers(Slow(), asked(*"abcdefghijklmnopqrstuvwxyz" * 4), seconds=0.3)
    assert time.monotonic() - started < 2
    assert found.degraded
    assert 1 <= len(found.answers) < 26


def test_pixels_of_a_request_are_counted_before_any_is_decoded():
    class Never(Toy):
        def check_query(self, query):
            raise AssertionError("decoded")

    stream = io.BytesIO()
    Image.new("L", (50, 50)).save(stream, "PNG")
    pictures = replace(SPEC, inputs="lookalike.core.inputs:IMAGES")
    job = Job(asked(*[stream.getvalue()] * 2), time.monotonic() + 10, None)
    [found] = answer_batch(
        pictures, SimpleNamespace(system=Never()), [job], SETTINGS, {}
    )
    assert found.status_code == 413
    assert "may have 4,000 pixels together; got 5,000." in found.detail


@pytest.mark.parametrize(
    "error", [KeyError("no"), StopIteration(), SystemExit(1), KeyboardInterrupt()]
)
def test_an_error_of_one_request_is_no_others_and_the_thread_goes_on(error):
    def answer(jobs):
        if any(job.request == "bad" for job in jobs):
            raise error
        return [job.request for job in jobs]

    async def ask():
        engine = Engine(answer, 100)
        until = time.monotonic() + 10
        asking = [engine.ask(r, until) for r in ("a", "bad", "b", "bad", "c")]
        engine._running = True  # all wait before the thread begins
        waiting = [asyncio.ensure_future(each) for each in asking]
        await asyncio.sleep(0)
        engine.start()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        found.append(await engine.ask("d", until))
        engine.stop()
        return found

    found = asyncio.run(ask())
    assert [found[at] for at in (0, 2, 4, 5)] == ["a", "b", "c", "d"]
    assert isinstance(found[1], Exception)
    assert isinstance(found[3], Exception)


def test_too_few_answers_leave_nobody_waiting():
    async def ask():
        engine = Engine(lambda jobs: [], 100)
        engine.start()
        try:
            return await engine.ask("a", time.monotonic() + 10)
        finally:
            engine.stop()

    with pytest.raises(RuntimeError, match="0 answers to 1 requests"):
        asyncio.run(ask())


def test_a_request_that_fails_in_the_batch_fails_alone():
    found = answers(Toy(), asked("a"), asked("bad"), asked("c"))
    assert isinstance(found[1], KeyError)
    assert found[0].answers == [("a", 3, None)]
    assert found[2].answers == [("c", 3, None)]


def test_a_batch_ends_when_its_time_has_passed_and_says_so():
    [found] = answers(Toy(0.01), asked(*map(str, range(200))), seconds=0.3)
    assert found.degraded
    assert 8 <= len(found.answers) < 200
    assert [answer[0] for answer in found.answers] == [
        str(n) for n in range(len(found.answers))
    ]


def test_a_request_for_which_no_time_was_left_is_refused():
    many = [asked(*map(str, range(30))) for _ in range(5)]
    found = answers(Toy(0.02), *many, seconds=0.1)
    refused = [each for each in found if isinstance(each, ServiceError)]
    assert refused
    assert {each.status_code for each in refused} == {503}
    assert found[0].answers


@pytest.mark.parametrize("n", [1, 8, 9, 33, 100])
def test_all_are_answered_in_their_order_where_there_is_time(n):
    [found] = answers(Toy(), asked(*map(str, range(n))))
    assert not found.degraded
    assert [answer[0] for answer in found.answers] == list(map(str, range(n)))
