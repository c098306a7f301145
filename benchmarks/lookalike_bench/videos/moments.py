"""Frames and words find their seconds in films that are joined of clips."""

import io
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.datasets import VideoCollection, load_video_clips
from lookalike.evaluate import bootstrap
from lookalike.features.video import frames as by_time
from lookalike.features.video.opening import opened
from lookalike.systems.videos.joint_space import JointSpace
from lookalike.systems.videos.moments import Moment, overlap
from lookalike.systems.videos.system import VideoSearch
from lookalike.systems.videos.text_side import analysis_of
from lookalike_bench.bars import Row
from lookalike_bench.videos.reading import clip_files

N_FILMS = 12
FILM_SECONDS = 60.0


def film(
    seed: int, paths: Sequence[Path], seconds: float = FILM_SECONDS
) -> tuple[bytes, list[tuple[Path, float, float]]]:
    """Join clips to a film; returns it and the clip, begin and end of each part.

    Clips are drawn at random, none twice, at most one of the signs of one room; each is
    shown from its beginning, for 8 seconds at most and 3 at least.
    """
    import av

    rng = np.random.default_rng(seed)
    stream_of = io.BytesIO()
    parts, now, room = [], 0.0, False
    with av.open(stream_of, "w", format="mp4") as container:
        stream: Any = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.bit_rate = 320, 180, 1_500_000
        stream.gop_size = 20
        for at in rng.permutation(len(paths)).tolist():
            if now >= seconds:
                break
            is_sign = "asl_gestures" in paths[at].name
            with opened(paths[at]) as video:
                length = min(8.0, video.duration, seconds - now)
                if length < 3.0 or (is_sign and room):
                    continue
                room = room or is_sign
                times = np.arange(0.0, length - 0.05, 0.1)
                shown = np.searchsorted(video.times, times + 1e-9, side="right") - 1
                found = by_time.at(video, times)
            place = {each: n for n, each in enumerate(np.unique(shown).tolist())}
            for row in shown.tolist():
                picture = _small_frame(found[min(place[row], len(found) - 1)].image)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                for packet in stream.encode(frame):
                    container.mux(packet)
            parts.append((paths[at], now, now + len(times) / 10))
            now += len(times) / 10
        for packet in stream.encode():
            container.mux(packet)
    return stream_of.getvalue(), parts


def _small_frame(image: Array) -> Array:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((320, 180)))


def moments() -> Iterable[Row]:
    """Frames, and titles, ask for their part of each film."""
    paths = clip_files()
    data = load_video_clips()
    title_of = {
        path: f"{title} {text}"
        for path, title, text in zip(
            data.sources, data.titles, data.descriptions, strict=True
        )
        if isinstance(path, Path)
    }
    by_frame: dict[float, list[bool]] = {1.0: [], 2.0: []}
    by_words: list[bool] = []
    for seed in range(100, 100 + N_FILMS):
        made, parts = film(seed, paths)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "film.mp4"
            file.write_bytes(made)
            whole = VideoCollection("film", "", ["film"], ["a film"], [""], [file])
            for interval, hits in by_frame.items():
                system = VideoSearch(interval=interval).fit(whole)
                hits += _frame_hits(system, file, parts, seed)
                if interval == 1.0:
                    by_words += _word_hits(system, parts, title_of)
    for interval, hits in by_frame.items():
        estimate = bootstrap(np.mean, np.array(hits))
        more = "" if interval == 1.0 else f", sampled each {interval:g} s"
        yield {
            "method": f"a frame asks{more}",
            "recall_at_1": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "asked": len(hits),
        }
    yield {
        "method": "words ask",
        "recall_at_1": float(np.mean(by_words)),
        "asked": len(by_words),
    }


def _frame_hits(
    system: VideoSearch, file: Path, parts: Sequence[Any], seed: int
) -> list[bool]:
    """Whether a frame at a time that was not sampled finds its part."""
    rng = np.random.default_rng(seed)
    hits = []
    for _, begin, end in parts:
        wanted = begin + (0.1 + 0.8 * rng.random()) * (end - begin)
        with opened(file) as video:
            [frame] = by_time.at(video, [wanted])
        [answer] = system.search_each([frame.image], 1)
        told = answer.records()[0]
        found = Moment(told["begin"], told["end"], 0.0, 0.0)
        hits.append(overlap(found, Moment(begin, end, 0.0, 0.0)) >= 0.5)
    return hits


def _word_hits(
    system: VideoSearch, parts: Sequence[Any], title_of: dict[Path, str]
) -> list[bool]:
    """The same with words: the space is learned from the clips of no film's parts."""
    space = _space_without([path for path, *_ in parts])
    frames = np.asarray(system.catalogue_.vectors, np.float32)
    seen = space.pixels(frames)
    from lookalike.systems.videos.moments import moments_of

    hits = []
    for path, begin, end in parts:
        scores = np.asarray(seen @ space.text(title_of[path]), float)
        duration = float(system.catalogue_.durations[0])
        [found, *_] = moments_of(system.catalogue_.times, duration, scores)
        hits.append(overlap(found, Moment(begin, end, 0.0, 0.0)) >= 0.5)
    return hits


@cache
def _of_clips() -> tuple[list[Path], Array, list[str]]:
    data = load_video_clips()
    system = VideoSearch(n_jobs=2).fit(data)
    from lookalike.systems.videos.pixel_side import pooled_of

    paths = [each for each in data.sources if isinstance(each, Path)]
    return paths, pooled_of(system.catalogue_), system.catalogue_.whole


def _space_without(parts: Sequence[Path]) -> JointSpace:
    paths, pixels, whole = _of_clips()
    rows = [row for row, path in enumerate(paths) if path not in parts]
    texts = [whole[row] for row in rows]
    return JointSpace.fit(pixels[rows], texts, analysis_of("english"))
