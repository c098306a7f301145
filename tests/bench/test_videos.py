"""The benchmark of videos: broken files, films, and how ranks are counted."""

import numpy as np
import pytest

from lookalike.features.video.opening import opened

pytest.importorskip("av")
videos = pytest.importorskip("lookalike_bench.videos")


def test_ranks_count_those_above_and_half_of_those_equal():
    scores = np.array([[0.5, 0.9, 0.5], [0.1, 0.8, 0.2], [0.7, 0.3, 0.1]])
    assert videos._ranks_in(scores).tolist() == [2.5, 1.0, 3.0]


def test_every_bar_names_a_job():
    names = [name for name, _ in videos.jobs(lambda *told: None)]
    jobs = {cell for bar in videos.BARS for cell in bar.value.__closure__ or ()}
    named = {c.cell_contents for c in jobs if isinstance(c.cell_contents, str)}
    assert {"files", "sampling", "captions", "exercises"} <= set(names)
    assert named & set(names)


@pytest.mark.full
def test_a_film_is_joined_of_parts_without_gaps():
    made, parts = videos.film(0, videos.clip_files(), seconds=12.0)
    begins = [begin for _, begin, _ in parts]
    assert begins == pytest.approx([0.0, *(end for *_, end in parts[:-1])])
    with opened(made) as video:
        assert video.duration == pytest.approx(parts[-1][2], abs=0.15)
