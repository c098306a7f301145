"""Loaders of videos: published collections, and folders with and without captions."""

import pytest

from lookalike.datasets import (
    load_exercises,
    load_msrvtt_captions,
    load_video_clips,
    load_videos,
)
from lookalike.datasets.videos import captions_of, load_msrvtt_part


def test_a_folder_has_titles_from_captions_or_from_names(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a-long_walk.mp4", "in/cat.WEBM", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    data = load_videos(tmp_path)
    assert data.ids == ["a-long_walk.mp4", "in/cat.WEBM"]
    assert data.titles == ["a long walk", "cat"]
    before = data.checksum
    table = "file\ttitle\tdescription\nin/cat.WEBM\tA cat\tIt sleeps.\nno.mp4\tx\ty\n"
    (tmp_path / "captions.tsv").write_text(table)
    data = load_videos(tmp_path)
    assert (data.titles[1], data.descriptions) == ("A cat", ["", "It sleeps."])
    assert data.problems == ("captions.tsv names no.mp4, which is not there.",)
    assert data.checksum != before
    part = data.part([1])
    assert (part.ids, part.titles, part.root) == (["in/cat.WEBM"], ["A cat"], data.root)


@pytest.mark.parametrize("table", [b"name\ttext\n", b"file\xff\n", b""])
def test_captions_of_another_form_are_refused(tmp_path, table):
    (tmp_path / "a.mp4").write_bytes(b"x")
    (tmp_path / "captions.tsv").write_bytes(table)
    with pytest.raises(ValueError, match=r"^captions.tsv (must|is)") as error:
        load_videos(tmp_path)
    assert str(error.value).endswith(".")


def test_no_folder_and_no_video_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no video; expected files of \.mp4"):
        load_videos(tmp_path)
    with pytest.raises(ValueError, match="is no folder; expected one of video files"):
        load_videos(tmp_path / "none")


@pytest.mark.full
def test_published_videos():
    clips = load_video_clips()
    assert (len(clips.ids), clips.name) == (50, "video_clips")
    assert all(clips.titles)
    assert all(clips.descriptions)
    exercises = load_exercises()
    assert len(exercises.ids) == len(set(exercises.ids)) == 873
    assert all(len(each) == 2 for each in exercises.sources)
    assert exercises.families[0] == "up"


@pytest.mark.full
def test_captions_are_split_as_published():
    counts = {name: len(captions_of(name)) for name in ("train", "validation", "test")}
    assert counts == {"train": 6513, "validation": 497, "test": 2990}
    part = load_msrvtt_part("validation")
    [query, id], title = part.queries[0], part.titles[0]
    own = captions_of("validation")[id]
    assert query in own
    assert title in own
    assert len(part.descriptions[0].split("\n")) == 5
    data = load_msrvtt_captions()
    assert len(data.training) == 20 * 6513
    asked = {query for query, _ in data.queries}
    first, second, number = data.training[0]
    assert first != second
    assert number == 0
    assert len(asked) > 2900
    with pytest.raises(ValueError, match="part must be one of train, validation, test"):
        load_msrvtt_part("all")
