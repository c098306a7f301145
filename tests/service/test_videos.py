"""Videos over HTTP: asked with words and files, played in ranges, shown in frames."""

import base64
import shutil
from pathlib import Path
from runpy import run_path

import pytest

from lookalike.core.library import Library
from lookalike.datasets import load_videos
from lookalike.features.image import read_image
from lookalike.systems.videos.system import VideoSearch

pytest.importorskip("av")
TESTS = Path(__file__).parents[1]
clips = run_path(str(TESTS / "features" / "video" / "small_clips.py"))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Two clips in a folder."""
    place = tmp_path_factory.mktemp("films")
    clips["write_clip"](place / "night.mp4", levels=[20] * 10 + [90] * 10)
    clips["write_clip"](place / "noon.mp4", levels=[160] * 10 + [240] * 10)
    return place


@pytest.fixture(scope="module")
def client(films, tmp_path_factory, clients):
    """A client of a service of video search."""
    folder = tmp_path_factory.mktemp("served")
    library = Library("videos", folder / "videos")
    library.add(VideoSearch().fit(load_videos(films)).save)
    making = clients({"videos": library}, folder)
    yield next(making)()
    next(making, None)


def test_words_and_clips_ask(client, films):
    sent = {"texts": ["noon", "night"], "k": 1}
    found = client.post("/v1/videos/search", json=sent).json()["answers"]
    assert [each["hits"][0]["id"] for each in found] == ["noon.mp4", "night.mp4"]
    clip = (films / "noon.mp4").read_bytes()
    files = [{"base64": base64.b64encode(clip).decode()}] * 2
    for sent in ({"json": {"images": files, "k": 1}}, {"content": clip}):
        headers = {} if "json" in sent else {"content-type": "application/octet-stream"}
        answer = client.post("/v1/videos/search", headers=headers, **sent)
        assert answer.status_code == 200, answer.text
        assert answer.json()["answers"][0]["hits"][0]["id"] == "noon.mp4"
    answer = client.post(
        "/v1/videos/search",
        content=b"no video at all",
        headers={"content-type": "application/octet-stream"},
    )
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The video is a text, not a video."


def test_a_file_is_played_in_ranges_and_no_other_file_is(client, films):
    data = (films / "night.mp4").read_bytes()
    whole = client.get("/v1/videos/media", params={"id": "night.mp4"})
    assert whole.content == data
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get(
        "/v1/videos/media",
        params={"id": "night.mp4"},
        headers={"range": "bytes=100-199"},
    )
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    for id in ("../night.mp4", "/etc/passwd", "none.mp4"):
        answer = client.get("/v1/videos/media", params={"id": id})
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("There is no item")
    shutil.copy(films / "noon.mp4", films / "night.mp4")
    answer = client.get("/v1/videos/media", params={"id": "night.mp4"})
    assert answer.json()["detail"] == "'night.mp4' has changed since it was indexed."
    (films / "night.mp4").write_bytes(data)


def test_frames_are_shown_with_their_seconds(client):
    found = client.get("/v1/videos/strip", params={"id": "noon.mp4"}).json()["frames"]
    assert len(found) == 8
    seconds = [each["second"] for each in found]
    assert seconds == sorted(seconds)
    pictures = [read_image(base64.b64decode(each["jpeg"])) for each in found]
    assert pictures[0].mean() < pictures[-1].mean()
    assert client.get("/v1/videos/strip", params={"id": "no"}).status_code == 404


def test_a_click_is_logged(client):
    found = client.post("/v1/videos/search", json={"text": "noon"}).json()
    event = {
        "event_id": "c" * 32,
        "action_name": "click",
        "timestamp": "2026-01-01T00:00:00Z",
        "query_id": found["query_id"],
        "event_attributes": {"object": {"object_id": "noon.mp4"}},
    }
    answer = client.post("/v1/events", json={"events": [event]})
    assert answer.status_code in (200, 202), answer.text
