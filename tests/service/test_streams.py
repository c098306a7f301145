"""A sequence that is followed over HTTP, one request a frame."""

import pytest

from lookalike.core.library import Library
from lookalike.service.errors import ServiceError
from lookalike.service.streams import IDLE, MOST, OpenStream, OpenStreams


@pytest.fixture(scope="module")
def jaywalking(small, tmp_path_factory, clients):
    """A system, and a function that starts a service of it."""
    made, folder = small("jaywalking"), tmp_path_factory.mktemp("streams")
    library = Library("jaywalking", folder / "jaywalking")
    library.add(made.system.save)
    making = clients({"jaywalking": library}, folder)
    yield made.system, next(making)()
    next(making, None)


PATH = "/v1/jaywalking/streams"


def begin(client, **more):
    sent = {"width": 640, "height": 480, **more}
    answered = client.post(PATH, json=sent)
    assert answered.status_code == 200, answered.text
    return answered.json()["stream"]


def walker(frame):
    return [[100.0 + 3 * frame, 100, 140 + 3 * frame, 200]]


def test_a_stream_over_http_is_the_stream_of_the_library(jaywalking):
    system, client = jaywalking
    stream, own = begin(client), system.new_stream(640, 480)
    for frame in range(18):
        sent = {"frame": frame, "boxes": walker(frame), "vehicle": "stopped"}
        told = client.post(f"{PATH}/{stream}/frames", json=sent)
        assert told.status_code == 200, told.text
        assert told.json() == system.step_record(own, sent)
    assert len(told.json()["risks"]) == 1
    ended = client.delete(f"{PATH}/{stream}").json()
    assert (ended["frames"], ended["refused"]) == (18, 0)
    assert client.delete(f"{PATH}/{stream}").status_code == 404


def test_what_is_wrong_with_a_frame_is_told_and_the_stream_goes_on(jaywalking):
    _, client = jaywalking
    stream, other = begin(client, sequence="a"), begin(client)
    for frame in range(16):
        told = client.post(
            f"{PATH}/{stream}/frames", json={"frame": frame, "boxes": walker(frame)}
        )
    assert len(told.json()["risks"]) == 1
    wrong = [
        ({"frame": 15}, "came twice"),
        ({"boxes": [[0, 0, 0, 1]]}, "right > left"),
        ({"boxes": walker(16) * 10_000}, "at most 500 boxes, got 10,000"),
        ({"boxes": [[1, 2, 3]]}, "boxes"),
        ({"sequence": "b"}, "of the sequence 'a'"),
        ({"vehicle": "flying"}, "vehicle must be one of"),
        ({"boxes": "nan"}, "boxes"),
    ]
    for more, said in wrong:
        sent = {"frame": 16, "boxes": walker(16)} | more
        told = client.post(f"{PATH}/{stream}/frames", json=sent)
        assert told.status_code == 422
        assert said in told.json()["detail"]
    sent = {"frame": 16, "boxes": walker(16)}
    told = client.post(f"{PATH}/{stream}/frames", json=sent).json()
    assert (len(told["risks"]), told["missed"]) == (1, 0)
    # Another stream knows nothing of it.
    told = client.post(f"{PATH}/{other}/frames", json=sent).json()
    assert (told["risks"], told["waiting"]) == ([], 1)


def test_a_stream_that_is_none_is_told(jaywalking):
    _, client = jaywalking
    sent = {"frame": 0, "boxes": []}
    told = client.post(f"{PATH}/{'0' * 24}/frames", json=sent)
    assert told.status_code == 404
    assert "There is no stream" in told.json()["detail"]
    assert client.post(f"{PATH}/x/frames", json=sent).status_code == 422
    assert client.post(PATH, json={"width": 0, "height": 1}).status_code == 422


def test_several_workers_begin_no_stream(small, tmp_path, clients):
    library = Library("jaywalking", tmp_path / "jaywalking")
    library.add(small("jaywalking").system.save)
    making = clients({"jaywalking": library}, tmp_path)
    client = next(making)(workers=2)
    told = client.post(PATH, json={"width": 640, "height": 480})
    assert told.status_code == 409
    assert "--workers 1" in told.json()["detail"]
    next(making, None)


def test_streams_that_are_idle_end_and_there_are_not_too_many():
    now = [0.0]
    streams = OpenStreams(lambda: now[0])
    first = streams.begin(OpenStream(None, "walk"))
    now[0] = IDLE - 1
    for _ in range(MOST - 1):
        second = streams.begin(OpenStream(None, "walk"))
    with pytest.raises(ServiceError, match="streams are open"):
        streams.begin(OpenStream(None, "walk"))
    now[0] = IDLE + 1
    with pytest.raises(ServiceError, match="There is no stream"):
        streams.get(first)
    assert streams.get(second).stream == "walk"
    assert len(streams) == MOST - 1
