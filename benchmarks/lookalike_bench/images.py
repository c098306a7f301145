"""``lookalike bench images``: from upload to answer by stage, indexing, and clicks.

Sixty thousand images of Fashion-MNIST are the catalogue, its test images the uploads.
The encoder is that of the generation of ``images`` that answers; where there is none,
principal components.
"""

import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from lookalike.core.inputs import COLOUR_IMAGES
from lookalike.core.library import Library
from lookalike.datasets import Images, load_fashion_mnist
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.images.click_simulation import ClickSimulator, evaluate
from lookalike.systems.images.system import ImageSearch
from lookalike_bench import runner
from lookalike_bench.arrays import Array
from lookalike_bench.bars import Bar, Row, difference, least, most

UPLOADS = 1000
MONTH = 60_000  # showings
BARS = (
    Bar(
        "upload to answer: p99, ms",
        50,
        most("p99_ms", "upload to answer", "*: all"),
        at_most=True,
    ),
    Bar(
        "building an index: seconds, the most",
        60,
        most("seconds", "index of 60,000", "*"),
        at_most=True,
    ),
    Bar(
        "promised recall of 0.95: recall",
        0.95,
        least("recall", "index of 60,000", "recall 0.95"),
    ),
    Bar(
        "clicks: nDCG corrected less not corrected",
        0,
        difference(
            least("ndcg_at_10", "clicks", "corrected"),
            most("ndcg_at_10", "clicks", "not corrected"),
        ),
    ),
    Bar(
        "clicks: position learned, corrected less not corrected",
        0,
        difference(
            most("position_learned", "clicks", "corrected"),
            most("position_learned", "clicks", "not corrected"),
        ),
        at_most=True,
    ),
)
STAGES = ("read and prepare", "embed", "candidates", "rank and rules", "all")


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Measure every job whose name contains ``only``."""
    chosen = runner.selected(JOBS.items(), only)
    data = load_fashion_mnist()
    system = opened(data)
    jobs = [(name, partial(job, system, data, rounds)) for name, job in chosen]
    return runner.measured(jobs, progress, BARS)


def opened(data: Images) -> ImageSearch:
    """Return the current generation, or a new one of principal components.

    A generation counts if it was trained on this data.
    """
    library = Library("images")
    if library.names():
        found = library.open()[0]
        if found.about["data"]["checksum"] == data.checksum:
            return ImageSearch.load(found)
    return ImageSearch("principal").fit(data)


def uploads(system: ImageSearch, data: Images, rounds: int) -> Iterator[Row]:
    """Time the stages of one uploaded file after the other."""
    for kind, write in UPLOAD_KINDS.items():
        files = [write(image) for image in data.x_test[:UPLOADS]]
        for file in files[:50]:
            answered(system, file)  # compile, and load into the caches
        stages = np.array([answered(system, file) for file in files]) * 1000
        for stage, values in zip(STAGES, stages.T, strict=True):
            p50, p99 = np.percentile(values, [50, 99])
            yield {
                "method": f"{system.encoder}: {stage}",
                "upload": kind,
                "threads": 1,
                "seconds": round(p50 / 1000, 6),
                "p50_ms": round(float(p50), 2),
                "p99_ms": round(float(p99), 2),
            }


def answered(system: ImageSearch, upload: bytes) -> list[float]:
    """Return the seconds of each stage of one answer, and of all.

    The system ranks in one call; the candidates are timed once more on their own, and
    what the call took beyond them is ranking and rules.
    """
    index = system.trained_.index
    assert index is not None
    times = [time.perf_counter()]
    tile = np.asarray(system.check_query(COLOUR_IMAGES.decode(upload)))
    times.append(time.perf_counter())
    vector = system.encoder_.transform(tile[None])
    times.append(time.perf_counter())
    system.rank(vector)
    times.append(time.perf_counter())
    index.nearest(vector, system.n_candidates)
    read, embed, rank = np.diff(times).tolist()
    candidates = time.perf_counter() - times[-1]
    return [read, embed, candidates, rank - candidates, read + embed + rank]


def indexes(system: ImageSearch, data: Images, rounds: int) -> Iterator[Row]:
    """Time the building of indexes over given vectors, and measure their recall."""
    vectors = np.asarray(system.trained_.vectors)
    Q = system.embed(list(data.x_test[:UPLOADS]))
    exact = VectorIndex(vectors)
    _, truth = exact.nearest(Q, 10)
    codes = len(vectors) * 16 + 256 * vectors.shape[1] * 4
    for name, options in {
        "exact": {},
        "recall 0.95": {"recall": 0.95},
        f"memory {codes / 1e6:.1f} MB": {"memory": codes},
    }.items():
        started = time.perf_counter()
        index = VectorIndex(vectors, **options)
        seconds = time.perf_counter() - started
        search_started = time.perf_counter()
        found = np.concatenate([index.nearest(q[None], 10)[1] for q in Q])
        each = (time.perf_counter() - search_started) / len(Q)
        shared = [np.isin(a, b).mean() for a, b in zip(found, truth, strict=True)]
        yield {
            "method": name,
            "threads": 1,
            "seconds": round(seconds, 3),
            "index": index.facts["method"],
            "megabytes": round(index.facts["bytes"] / 1e6, 1),
            "recall": round(float(np.mean(shared)), 4),
            "query_ms": round(1000 * each, 3),
        }


def clicks(system: ImageSearch, data: Images, rounds: int) -> Iterator[Row]:
    """A simulated month of clicks whose truth is known."""
    some = np.random.default_rng(0).permutation(len(data.x_train))[:6000]
    vectors = np.asarray(system.trained_.vectors)[some]
    Q = system.embed(list(data.x_test[:4000]))
    labels = data.y_train[some], data.y_test[:4000]
    simulator = ClickSimulator.of(vectors, labels[0], Q, labels[1])
    index = VectorIndex(vectors)
    started = time.perf_counter()
    found = evaluate(simulator, index, simulator.simulate(index, MONTH))
    seconds = round(time.perf_counter() - started, 2)
    for name, ndcg in found.ndcg.items():
        against = found.comparisons.get(f"{name} against similarity")
        yield {
            "method": name,
            "threads": 1,
            "seconds": seconds,
            "ndcg_at_10": str(ndcg),
            "gain": "" if against is None else f"{against.difference.value:+.4f}",
            "p": "" if against is None else f"{against.p_value:.2g}",
            "position_learned": round(found.position_learned[name], 3)
            if name in found.position_learned
            else "",
        }


def _png(image: Array) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def _photo(image: Array) -> bytes:
    """Encode as a camera does: 800 by 600 in colour."""
    stream = io.BytesIO()
    picture = Image.fromarray(image).convert("RGB")
    picture.resize((800, 600), Image.Resampling.BICUBIC).save(stream, "JPEG")
    return stream.getvalue()


UPLOAD_KINDS: dict[str, Callable[[Array], bytes]] = {
    "PNG, 28 by 28": _png,
    "JPEG, 800 by 600": _photo,
}
JOBS = {"upload to answer": uploads, "index of 60,000": indexes, "clicks": clicks}
