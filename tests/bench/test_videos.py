"""The benchmark of videos: broken files, films, and how ranks are counted."""

import numpy as np
import pytest

from lookalike.features.video.opening import opened
from lookalike_bench.bars import checked

pytest.importorskip("av")
videos = pytest.importorskip("lookalike_bench.videos")
exercises = pytest.importorskip("lookalike_bench.videos.exercises")
moments = pytest.importorskip("lookalike_bench.videos.moments")
reading = pytest.importorskip("lookalike_bench.videos.reading")


def test_ranks_count_those_above_and_half_of_those_equal():
    scores = np.array([[0.5, 0.9, 0.5], [0.1, 0.8, 0.2], [0.7, 0.3, 0.1]])
    assert exercises.ranks_in(scores).tolist() == [2.5, 1.0, 3.0]


def test_bars_read_their_rows():
    row = {"job": "sampling", "method": "seek", "times_as_fast": 6.0, "halves": 1.2}
    found = checked(videos.BARS, [row])
    assert [(each["value"], each["holds"]) for each in found] == [
        (6.0, True),
        (1.2, False),
    ]


@pytest.mark.full
def test_a_film_is_joined_of_parts_without_gaps():
    made, parts = moments.film(0, reading.clip_files(), seconds=12.0)
    begins = [begin for _, begin, _ in parts]
    assert begins == pytest.approx([0.0, *(end for *_, end in parts[:-1])])
    with opened(made) as video:
        assert video.duration == pytest.approx(parts[-1][2], abs=0.15)
