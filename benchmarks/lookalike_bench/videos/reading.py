"""Real files read, broken ones refused; frames by seeking beside decoding all."""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.datasets import load_video_clips
from lookalike.features.video.opening import opened
from lookalike.features.video.sampling import Sampling
from lookalike_bench.bars import Row


def clip_files() -> list[Path]:
    """The video files of ``video_clips``."""
    return [each for each in load_video_clips().sources if isinstance(each, Path)]


def files() -> Iterable[Row]:
    """Whole files, and broken ones with what is said of each."""
    whole, said = clip_files(), []
    for path in whole:
        try:
            Sampling().read(path)
        except ValueError as error:
            said.append(str(error))
    yield {
        "method": "whole files",
        "indexed": len(whole) - len(said),
        "said": " ".join(said),
    }
    told = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, path in broken_files(Path(folder)).items():
            try:
                found = Sampling().read(path)
            except ValueError as error:
                sentence = str(error)
            else:
                height, width, _ = found.frames[0].image.shape
                sentence = f"read: frames {width} wide and {height} high."
            is_one = sentence.endswith(".") and "\n" not in sentence
            told += is_one
            yield {"method": f"broken: {name}", "said": sentence}
    yield {"method": "broken files", "told": told}


def broken_files(folder: Path) -> dict[str, Path]:
    """Write a truncated, a zero-frame, a turned, a sound and a wrongly named file."""
    import av

    by_name = {path.name: path for path in clip_files()}
    data = by_name["scikit__bikes.mp4"].read_bytes()
    made = {
        "truncated": folder / "truncated.mp4",
        "zero frames": folder / "nothing.mp4",
        "turned": by_name["Zulko__fire2.mp4"],
        "sound alone": folder / "sound.mp4",
        "wrongly named": folder / "text.mp4",
    }
    made["truncated"].write_bytes(data[: len(data) // 2])
    made["wrongly named"].write_bytes(b"This is no video.\n" * 40)
    with av.open(str(made["zero frames"]), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 64, 48
        container.start_encoding()
    with av.open(str(made["sound alone"]), "w") as container:
        sound: Any = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 16000), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 16000
        for packet in [*sound.encode(frame), *sound.encode()]:
            container.mux(packet)
    return made


def sampling(rounds: int) -> Iterable[Row]:
    """Processor time of eight frames of each file, by each way, and of all frames."""
    paths = clip_files()
    ways: dict[str, Callable[[Path], int]] = {"all": decoded}
    for how in ("uniform", "seek", "keys"):
        ways[how] = partial(_sampled, how)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    n_frames = dict.fromkeys(ways, 0)
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            n_frames[name] = sum(map(way, paths))
            seconds[name].append(time.process_time() - started)
    best = {name: min(each) for name, each in seconds.items()}
    for name in ways:
        row = {
            "method": name,
            "seconds": best[name],
            "frames": n_frames[name],
            "times_as_fast": best["all"] / best[name],
        }
        if name != "all":
            row["halves"], several = _distances(paths, name)
            row["halves_with_several_keys"] = several
        yield row


def _eight(how: Any) -> Sampling:
    return Sampling(how, n_frames=8, interval=1e9)


def _sampled(how: str, path: Path) -> int:
    return len(_eight(how).read(path).frames)


def decoded(path: Path) -> int:
    """Decode a whole file by PyAV alone, and return the number of its frames."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in container.decode(stream))


def _distances(paths: Sequence[Path], how: str) -> tuple[float, float]:
    """The farthest frame from the time asked, in halves of the distance of keys.

    The second is of files with several key frames.
    """
    worst = several = 0.0
    for path in paths:
        with opened(path) as video:
            asked = _eight(how).times(video.duration)
            found = np.array([frame.time for frame in _eight(how).of(video).frames])
            ends = np.append(video.times[video.keys], video.duration)
            place = np.searchsorted(ends[:-1], asked + 1e-9, side="right") - 1
            half = np.diff(ends)[place] / 2
            away = np.abs(found[:, None] - asked).min(axis=0)
            own = float((np.maximum(away - 1e-6, 0) / half).max())
            worst = max(worst, own)
            several = max(several, own) if len(video.keys) > 1 else several
    return worst, several
