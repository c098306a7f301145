"""``lookalike bench videos``: the right seconds of the right video, and how fast.

``files``: the fifty files of ``video_clips``, and broken ones cut from them.
``sampling``: eight frames by seeking beside decoding all. ``captions``: captions of
MSR-VTT ask for their video by a title, or a description; the test part is read here and
nowhere else, weights come from the validation part. ``exercises``: photographs find
their instructions, on random splits and by family. ``differences``: a small network on
differences of frames beside single frames (deep extra). ``moments``: frames and words
find their seconds in films that are joined of clips. ``queries``: 10,000 clips.
``indexing``: beside plain PyAV.
"""

import io
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._arrays import unit
from lookalike._typing import Array, Floats
from lookalike.datasets import VideoCollection, load_exercises, load_video_clips
from lookalike.datasets.videos import load_msrvtt_captions
from lookalike.evaluate import bootstrap, paired_test
from lookalike.features.colour_histogram import colour_histogram, lab_of
from lookalike.features.gradient_histogram import GradientHistogram
from lookalike.features.photograph import describe_photographs
from lookalike.features.video import frames as by_time
from lookalike.features.video.opening import opened
from lookalike.features.video.pooling import POOLINGS, pooled
from lookalike.features.video.sampling import Sampling
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.learn.paired_towers import PairedTowers
from lookalike.learn.ridge import Ridge
from lookalike.systems.videos.catalogue import Entry
from lookalike.systems.videos.fusion import (
    PIXELS_ALONE,
    WORDS_ALONE,
    Parts,
    Weights,
    learn_weights,
)
from lookalike.systems.videos.joint_space import JointSpace
from lookalike.systems.videos.moments import Moment, overlap
from lookalike.systems.videos.reading import ReadVideo
from lookalike.systems.videos.sides import TextSide
from lookalike.systems.videos.system import TOWERS, VideoSearch, analysis_of
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, reporting

N_SPLITS = 5
N_TEST = 270
N_FAMILY_FOLDS = 5
N_FILMS = 12
FILM_SECONDS = 60.0
N_CLIPS = 10_000
N_QUERIES = 300
K = 10

BARS = (
    Bar("video_clips: files indexed", 50, least("indexed", "files", "whole files")),
    Bar(
        "broken files that give one sentence",
        5,
        least("told", "files", "broken files"),
    ),
    Bar(
        "eight frames by seeking: times as fast as decoding all",
        5,
        least("times_as_fast", "sampling", "seek"),
    ),
    Bar(
        "seeking: worst distance, in halves of a key-frame distance",
        1.0,
        most("halves", "sampling", "seek"),
        at_most=True,
    ),
    Bar("captions, title: R@10", 0.36, least("recall_at_10", "captions", "title")),
    Bar(
        "captions, title: R@10 less BM25's, lower end",
        0.0,
        least("low", "captions", "title less BM25"),
    ),
    Bar(
        "captions, description: R@10",
        0.57,
        least("recall_at_10", "captions", "description"),
    ),
    Bar(
        "captions, description: R@10 less BM25's, lower end",
        0.0,
        least("low", "captions", "description less BM25"),
    ),
    Bar(
        "exercises, random splits: R@10 of pixels",
        0.50,
        least("recall_at_10", "exercises", "random splits: pixels"),
    ),
    Bar(
        "exercises, by family: R@10 less the ridge's, lower end",
        0.0,
        least("low", "exercises", "by family: pixels less ridge"),
    ),
    Bar(
        "exercises: R@10 fused less the better of title and pixels",
        0.0,
        least("above_better", "exercises", "title and pixels fused"),
    ),
    Bar(
        "films, a frame asks: R@1 at IoU 0.5",
        0.95,
        least("recall_at_1", "moments", "a frame asks"),
    ),
    Bar(
        "10,000 clips, words ask: p99, ms of processor time",
        20.0,
        most("p99_ms", "queries", "words"),
        at_most=True,
    ),
    Bar(
        "10,000 clips, a picture asks: p99, ms of processor time",
        20.0,
        most("p99_ms", "queries", "picture"),
        at_most=True,
    ),
    Bar(
        "indexing, two workers: frames a second over PyAV's",
        0.8,
        least("of_plain", "indexing", "two workers"),
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``."""
    return reporting(partial(jobs, rounds=rounds), only, progress, BARS)


def jobs(
    report: ProgressCallback, rounds: int = 3
) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("files", files),
        ("sampling", partial(sampling, rounds)),
        ("captions", captions),
        ("exercises", exercises),
        ("differences", differences),
        ("moments", moments),
        ("queries", queries),
        ("indexing", partial(indexing, rounds)),
    ]


# --- files ----------------------------------------------------------------------------


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


# --- sampling -------------------------------------------------------------------------


def sampling(rounds: int) -> Iterable[Row]:
    """Processor time of eight frames of each file, by each way, and of all frames."""
    paths = clip_files()
    ways: dict[str, Callable[[Path], int]] = {"all": _decoded}
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


def _decoded(path: Path) -> int:
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


# --- captions -------------------------------------------------------------------------


def captions() -> Iterable[Row]:
    """R@10 on MSR-VTT's test videos: captions, not pixels."""
    data = load_msrvtt_captions()
    assert data.validation is not None
    analysis = analysis_of("english")
    started = time.process_time()
    meaning = LatentMeaning.of_pairs(data.training, analysis, **TOWERS)
    took = time.process_time() - started
    yield {"method": "towers", "seconds": took, "pairs": len(data.training)}
    for name in ("title", "description"):
        held = _asked(data.validation, name, meaning)
        weights, told = learn_weights(*held, tries_pixels=False)
        parts, right = _asked(data, name, meaning)
        plain, fused = (_found(parts, right, w) for w in (WORDS_ALONE, weights))
        yield {
            "method": f"{name}, BM25",
            "recall_at_10": plain.mean(),
            "queries": len(right),
        }
        estimate = bootstrap(np.mean, fused)
        yield {
            "method": name,
            "recall_at_10": fused.mean(),
            "low": estimate.low,
            "high": estimate.high,
            "weight": weights.about,
            "p_on_validation": told["about"].p_value,
        }
        yield {"method": f"{name} less BM25", **_paired(fused, plain)}


def _asked(
    data: VideoCollection, by: str, meaning: LatentMeaning
) -> tuple[list[Parts], list[int]]:
    """What words and meaning say of each query, where titles or descriptions answer."""
    nothing = [""] * len(data.ids)
    titles = data.titles if by == "title" else nothing
    descriptions = data.descriptions if by == "description" else nothing
    analysis = analysis_of("english")
    texts = TextSide.of(data.ids, titles, descriptions, meaning, analysis)
    none = np.zeros(len(data.ids))
    parts = [
        Parts(texts.words(query), texts.about(query), none, none == 0, none > 0)
        for query, _ in data.queries
    ]
    return parts, [texts.row_of[id] for _, id in data.queries]


def _found(parts: Sequence[Parts], right: Sequence[int], weights: Weights) -> Array:
    ranks = [p.rank_of(r, weights) for p, r in zip(parts, right, strict=True)]
    return np.array(ranks) <= K


def _paired(first: Array, second: Array) -> Row:
    test = paired_test(first, second)
    found = test.difference
    return {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p": test.p_value,
    }


# --- exercises ------------------------------------------------------------------------


@cache
def _exercises() -> VideoCollection:
    return load_exercises()


def _photographs() -> list[tuple[Array, ...]]:
    return [each for each in _exercises().sources if isinstance(each, tuple)]


@cache
def _described() -> dict[str, Array]:
    """Vectors of both photographs of each exercise, by the kind of description."""
    images = [image for pair in _photographs() for image in pair]
    n = len(_exercises().ids)
    grey = np.stack([_small(image, 96).mean(axis=2) for image in images])
    edges = GradientHistogram(pixels_per_cell=(12, 12), cells_per_block=(2, 2))
    grey = grey.astype(np.uint8)
    edges_of = edges.fit(grey).transform(grey)
    colour = [colour_histogram(lab_of(_small(i, 64)), grid=(2, 2)) for i in images]
    colours = np.stack(colour).reshape(len(images), -1)
    plain = np.hstack([unit(edges_of), unit(colours)]).reshape(n, 2, -1)
    photograph = describe_photographs(images).reshape(n, 2, -1)
    return {"edges and colour": plain, "photograph": photograph}


def _small(image: Array, side: int) -> Array:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((side, side)))


def exercises() -> Iterable[Row]:
    """Photographs find their instructions, by a learned space and by a plain ridge."""
    data, vectors = _exercises(), _described()
    n, whole = len(data.ids), _whole(data)
    ways: dict[str, Any] = {"ridge": _ridge_ranks, "pixels": _space_ranks}
    ways |= {"towers": _tower_ranks}
    found: dict[str, list[Array]] = {name: [] for name in ways}
    pools: dict[str, list[Array]] = {name: [] for name in POOLINGS}
    for seed in range(100, 100 + N_SPLITS):
        order = np.random.default_rng(seed).permutation(n)
        known, asked = order[N_TEST:], order[:N_TEST]
        for name, way in ways.items():
            found[name].append(way(vectors, whole, known, asked) <= K)
        for how in POOLINGS:
            ranks = _space_ranks(vectors, whole, known, asked, how)
            pools[how].append(ranks <= K)
    chance = K / N_TEST
    for name, each in found.items():
        values = np.concatenate(each)
        yield {
            "method": f"random splits: {name}",
            "recall_at_10": values.mean(),
            "splits": N_SPLITS,
            "chance": chance,
        }
    for how, each in pools.items():
        yield {
            "method": f"random splits: pooled by {how}",
            "recall_at_10": np.concatenate(each).mean(),
        }
    both = np.concatenate(found["pixels"]), np.concatenate(found["ridge"])
    yield {"method": "random splits: pixels less ridge", **_paired(*both)}
    names = sorted(set(data.families))
    number = {name: at % N_FAMILY_FOLDS for at, name in enumerate(names)}
    fold = np.array([number[name] for name in data.families])
    hits: dict[str, Array] = {name: np.zeros(n, bool) for name in ways}
    for at in range(N_FAMILY_FOLDS):
        known, asked = np.flatnonzero(fold != at), np.flatnonzero(fold == at)
        for name, way in ways.items():
            hits[name][asked] = way(vectors, whole, known, asked) <= K
    for name, own in hits.items():
        yield {
            "method": f"by family: {name}",
            "recall_at_10": own.mean(),
            "families": len(names),
            "chance": K * N_FAMILY_FOLDS / n,
        }
    yield {
        "method": "by family: pixels less ridge",
        **_paired(hits["pixels"], hits["ridge"]),
    }
    yield from _fused(data, vectors, whole)


def _whole(data: VideoCollection) -> list[str]:
    pairs = zip(data.titles, data.descriptions, strict=True)
    return ["\n".join(pair) for pair in pairs]


def _space_ranks(
    vectors: dict[str, Array],
    whole: Sequence[str],
    known: Array,
    asked: Array,
    how: str = "mean",
) -> Floats:
    """Ranks of each exercise's text, by the space that the system learns."""
    pixels = np.stack([pooled(each, how) for each in vectors["photograph"]])
    texts = [whole[row] for row in known]
    space = JointSpace.fit(pixels[known], texts, analysis_of("english"))
    targets = np.stack([space.text(whole[row]) for row in asked])
    return _ranks_in(space.pixels(pixels[asked]) @ targets.T)


def _ridge_ranks(
    vectors: dict[str, Array], whole: Sequence[str], known: Array, asked: Array
) -> Floats:
    """The same by a linear ridge; its penalty is chosen on a part of the known."""
    pixels = vectors["edges and colour"].mean(axis=1)
    n = len(known) // 5
    inner, held = known[n:], known[:n]
    tried = {
        alpha: _ridge(pixels, whole, inner, held, alpha)
        for alpha in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    }
    best = max(tried, key=lambda alpha: float((tried[alpha] <= K).mean()))
    return _ridge(pixels, whole, known, asked, best)


def _ridge(
    pixels: Array, whole: Sequence[str], known: Array, asked: Array, alpha: float
) -> Floats:
    analysis = analysis_of("english")
    texts = [whole[row] for row in known]
    meaning, targets = LatentMeaning.fit(texts, analysis, 100)
    mean = targets.mean(axis=0)
    model = Ridge(alpha=alpha).fit(pixels[known], targets)
    given = unit(model.predict(pixels[asked]) - mean)
    right = unit(meaning.vectors([whole[row] for row in asked], analysis) - mean)
    return _ranks_in(given @ right.T)


def _tower_ranks(
    vectors: dict[str, Array], whole: Sequence[str], known: Array, asked: Array
) -> Floats:
    """The same by two towers with the others of a batch as negatives."""
    analysis = analysis_of("english")
    texts = [whole[row] for row in known]
    meaning, targets = LatentMeaning.fit(texts, analysis, 100)
    pixels = vectors["photograph"].mean(axis=1)
    mean = pixels[known].mean(axis=0)
    towers = PairedTowers(64, 0.1, max_iter=30, batch_size=256, learning_rate=0.003)
    towers.fit(unit(pixels[known] - mean), targets)
    given = towers.transform(unit(pixels[asked] - mean))
    right = meaning.vectors([whole[row] for row in asked], analysis)
    return _ranks_in(given @ towers.transform(right, "right").T)


def _ranks_in(scores: Array) -> Floats:
    own = np.diag(scores)[:, None]
    equal = (scores == own).sum(axis=1) - 1
    return np.asarray(1.0 + (scores > own).sum(axis=1) + equal / 2)


def _fused(
    data: VideoCollection, vectors: dict[str, Array], whole: Sequence[str]
) -> Iterable[Row]:
    """Instructions ask, titles and photographs answer: each alone, and fused."""
    analysis = analysis_of("english")
    n = len(data.ids)
    found: dict[str, list[Array]] = {"title": [], "pixels": [], "fused": []}
    for seed in range(100, 100 + N_SPLITS):
        order = np.random.default_rng(seed).permutation(n)
        asked, held, known = (
            order[:N_TEST],
            order[N_TEST : 2 * N_TEST],
            order[2 * N_TEST :],
        )
        chosen = _both(data, vectors, whole, known, held, analysis)
        weights, _ = learn_weights(*chosen, tries_pixels=True)
        taught = np.concatenate([known, held])
        parts, right = _both(data, vectors, whole, taught, asked, analysis)
        for name, own in (
            ("title", weights._replace(seen=0.0)),
            ("pixels", PIXELS_ALONE),
            ("fused", weights),
        ):
            found[name].append(_found(parts, right, own))
    values = {name: np.concatenate(each) for name, each in found.items()}
    for name in ("title", "pixels"):
        yield {
            "method": f"instructions ask, {name}",
            "recall_at_10": values[name].mean(),
        }
    better = max(("title", "pixels"), key=lambda name: values[name].mean())
    yield {
        "method": "title and pixels fused",
        "recall_at_10": values["fused"].mean(),
        "above_better": values["fused"].mean() - values[better].mean(),
        "better": better,
        **_paired(values["fused"], values[better]),
    }


def _both(
    data: VideoCollection,
    vectors: dict[str, Array],
    whole: Sequence[str],
    known: Array,
    asked: Array,
    analysis: Any,
) -> tuple[list[Parts], list[int]]:
    pixels = np.stack([pooled(each) for each in vectors["photograph"]])
    texts = [whole[row] for row in known]
    space = JointSpace.fit(pixels[known], texts, analysis)
    ids = [data.ids[row] for row in asked]
    titles = [data.titles[row] for row in asked]
    side = TextSide.of(ids, titles, [""] * len(ids), space.meaning, analysis)
    seen = space.pixels(pixels[asked])
    yes = np.ones(len(ids), bool)
    parts = []
    for row in asked:
        query = data.descriptions[row]
        fits = np.asarray(seen @ space.text(query), float)
        parts.append(Parts(side.words(query), side.about(query), fits, yes, yes))
    return parts, list(range(len(ids)))


def differences() -> Iterable[Row]:
    """A small network on both photographs, and on their difference too."""
    try:
        import torch
    except ImportError:
        yield {"method": "network", "note": "not measured: torch is not installed"}
        return
    data = _exercises()
    whole, n = _whole(data), len(data.ids)
    pairs = [
        [_small(image, 48).mean(axis=2) / 255 for image in pair]
        for pair in _photographs()
    ]
    images = np.array(pairs, np.float32)
    difference = images[:, 1:] - images[:, :1]
    analysis = analysis_of("english")
    found: dict[str, list[Array]] = {"one photograph": [], "with differences": []}
    for seed in range(100, 102):
        order = np.random.default_rng(seed).permutation(n)
        known, asked = order[N_TEST:], order[:N_TEST]
        texts = [whole[row] for row in known]
        meaning, targets = LatentMeaning.fit(texts, analysis, 100)
        mean = targets.mean(axis=0)
        right = unit(meaning.vectors([whole[row] for row in asked], analysis) - mean)
        for name, X in (
            ("one photograph", images[:, :1]),
            ("with differences", np.concatenate([images[:, :1], difference], axis=1)),
        ):
            torch.manual_seed(seed)
            given = _network(torch, X[known], unit(targets - mean), X[asked])
            found[name].append(_ranks_in(given @ right.T) <= K)
    for name, each in found.items():
        values = np.concatenate(each)
        yield {"method": f"network, {name}", "recall_at_10": values.mean()}
    both = (
        np.concatenate(found[name]) for name in ("with differences", "one photograph")
    )
    yield {"method": "differences less one photograph", **_paired(*both)}


def _network(torch: Any, X: Array, targets: Array, asked: Array) -> Array:
    """Vectors of texts for pictures, by a small convolutional network."""
    from torch import nn

    layers: list[Any] = []
    before = X.shape[1]
    for channels in (16, 32, 64):
        layers += [nn.Conv2d(before, channels, 3, 2, 1), nn.ReLU()]
        before = channels
    network = nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 36, targets.shape[1])
    )
    inputs = torch.from_numpy(X)
    right = torch.from_numpy(np.asarray(targets, np.float32))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)
    rng = np.random.default_rng(0)
    for _ in range(30):
        for rows in np.array_split(rng.permutation(len(X)), max(1, len(X) // 64)):
            optimizer.zero_grad()
            given = nn.functional.normalize(network(inputs[rows]), dim=1)
            loss = 1 - (given * right[rows]).sum(dim=1).mean()
            loss.backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        return unit(network(torch.from_numpy(asked)).numpy())


# --- moments --------------------------------------------------------------------------


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
    from lookalike.systems.videos.sides import pooled_of

    paths = [each for each in data.sources if isinstance(each, Path)]
    return paths, pooled_of(system.catalogue_), system.catalogue_.whole


def _space_without(parts: Sequence[Path]) -> JointSpace:
    paths, pixels, whole = _of_clips()
    rows = [row for row, path in enumerate(paths) if path not in parts]
    texts = [whole[row] for row in rows]
    return JointSpace.fit(pixels[rows], texts, analysis_of("english"))


# --- speed ----------------------------------------------------------------------------


def queries() -> Iterable[Row]:
    """Processor time of one query among 10,000 clips, late interaction included."""
    data = _exercises()
    described = describe_photographs([i for pair in _photographs() for i in pair])
    vectors = described.reshape(len(data.ids), 2, -1)
    rng = np.random.default_rng(0)
    n = len(data.ids)
    entries = []
    picture = _picture()
    for number in range(N_CLIPS):
        row = number % n
        noise = rng.normal(scale=0.003, size=(8, vectors.shape[2]))
        frames = unit(vectors[row][np.arange(8) // 4] + noise)
        read = ReadVideo(
            16.0,
            np.arange(1.0, 16.0, 2.0),
            frames.astype(np.float16),
            [picture] * 8,
            int(rng.integers(1 << 60)),
            rng.integers(0, 255, 768).astype(np.uint8),
        )
        words = data.descriptions[row].split(". ")
        text = words[number // n % len(words)]
        entries.append(Entry(f"{number}", data.titles[row], text, read))
    system = VideoSearch.ready()
    system.problems_ = ()
    ids = [each.id for each in entries]
    collection = VideoCollection(
        "many",
        "",
        ids,
        [each.title for each in entries],
        [each.description for each in entries],
        [None] * len(ids),
    )
    started = time.perf_counter()
    system = system.with_videos(entries, (), collection, ())
    took = time.perf_counter() - started
    yield {
        "method": "index",
        "seconds": took,
        "frames": len(system.catalogue_.times),
        "weight_of_pixels": system.weights_.seen,
    }
    images = [image for pair in _photographs()[:150] for image in pair]
    kinds: dict[str, list[Any]] = {
        "words": [*data.titles[:N_QUERIES]],
        "picture": images[:N_QUERIES],
    }
    for name, asked in kinds.items():
        checked = [system.check_query(each) for each in asked]
        system.search_each(checked[:5])
        each_took = []
        for query in checked:
            started = time.process_time()
            system.search_each([query], K)
            each_took.append(1000 * (time.process_time() - started))
        yield {
            "method": name,
            "median_ms": float(np.median(each_took)),
            "p99_ms": float(np.quantile(each_took, 0.99)),
            "queries": len(asked),
        }


def _picture() -> bytes:
    from lookalike.systems.videos.reading import jpeg_of

    return jpeg_of(np.zeros((18, 32, 3), np.uint8))


def indexing(rounds: int) -> Iterable[Row]:
    """Frames of footage a second: indexed with two workers, and decoded by PyAV."""
    paths = clip_files()
    data = load_video_clips()
    n_frames = sum(map(_decoded, paths))  # which warms the files up as well
    VideoSearch.ready(n_jobs=2).read(data.part(range(4)), {}, None)
    plain, ours = [], []
    for _ in range(rounds):
        plain.append(_timed(lambda: [_decoded(path) for path in paths]))
        ours.append(_timed(lambda: VideoSearch.ready(n_jobs=2).read(data, {}, None)))
    wall, own = min(each[0] for each in plain), min(each[0] for each in ours)
    yield {"method": "PyAV", "frames_a_second": n_frames / wall}
    yield {
        "method": "two workers",
        "frames_a_second": n_frames / own,
        "of_plain": wall / own,
        "frames": n_frames,
        "processor_time_of_plain": min(each[1] for each in plain)
        / min(each[1] for each in ours),
    }


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that work takes, and processor time of all its threads."""
    started = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started[0], time.process_time() - started[1]
