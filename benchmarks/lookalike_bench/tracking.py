"""``lookalike bench tracking``: pedestrians followed from frame to frame.

``sort``: the training part of MOT15 with the detections of SORT's authors; the figures
of their README beside ours. ``longer``: tracks that outlive gaps, with a second stage
for unsure detections; for each sequence the settings are those that are best on the ten
others, of 108. ``measures``: MOTA, IDF1 and HOTA beside motmetrics and TrackEval, where
they are installed: differences, and processor time in turns.
"""

import itertools
import time
from collections.abc import Callable, Iterable
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from lookalike.datasets import TrackingSequence, load_mot15
from lookalike.evaluate.tracking import TrackingCounts, tracking_counts
from lookalike.track import Sort, Trajectories, bridged, follow, iou
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, reporting

README = {
    "TUD-Campus": 62.7,
    "ETH-Sunnyday": 59.1,
    "ETH-Pedcross2": 45.4,
    "ADL-Rundle-8": 28.6,
    "Venice-2": 18.6,
    "KITTI-17": 60.2,
}
"""MOTA in percent, as the README of SORT prints it."""
AGES, HITS, SECOND, GAPS = (1, 10, 30), (1, 2, 3), (None, 0.7, 0.9), (0, 30)
OVERLAPS = (0.2, 0.3)
WHOLE = "all sequences"

BARS = (
    Bar(
        "MOTA of six sequences: largest difference from SORT's README, points",
        0.1,
        most("apart", "sort", "*"),
        at_most=True,
    ),
    Bar("frames a second", 6000, least("frames_per_second", "sort", WHOLE)),
    Bar("IDF1 of longer tracks", 0.50, least("idf1", "longer", WHOLE)),
    Bar("... their MOTA", 0.39, least("mota", "longer", WHOLE)),
    Bar(
        "MOTA and IDF1: largest difference from motmetrics",
        1e-9,
        most("difference", "measures", "motmetrics"),
        at_most=True,
    ),
    Bar("MOTA and IDF1: times as fast", 10, least("ratio", "measures", "motmetrics")),
    Bar(
        "HOTA: largest difference from TrackEval",
        1e-9,
        most("difference", "measures", "TrackEval"),
        at_most=True,
    ),
    Bar("HOTA: times as fast", 10, least("ratio", "measures", "TrackEval")),
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
        ("sort", partial(plain, rounds)),
        ("longer", partial(longer, report)),
        ("measures", partial(measures, rounds)),
    ]


def followed(tracker: Sort, sequence: TrackingSequence, gap: int = 0) -> Trajectories:
    """Return the tracks of a sequence; gaps of so many frames are crossed."""
    assert sequence.detections is not None
    boxes, scores = sequence.detections.by_frame(sequence.n_frames)
    return bridged(follow(tracker, boxes, scores), gap)


def plain(rounds: int) -> Iterable[Row]:
    """SORT as it is published."""
    sequences = load_mot15()
    whole = None
    for sequence in sequences:
        counts = tracking_counts(sequence.truth, followed(Sort(), sequence))
        whole = counts if whole is None else whole + counts
        row = {"method": sequence.name, **_told(counts)}
        if sequence.name in README:
            row["readme"] = README[sequence.name]
            row["apart"] = abs(round(100 * counts.mota, 1) - README[sequence.name])
        yield row
    inputs = [
        s.detections.by_frame(s.n_frames) for s in sequences if s.detections is not None
    ]
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        for boxes, _scores in inputs:
            follow(Sort(), boxes)
        seconds.append(time.process_time() - begun)
    n = sum(s.n_frames for s in sequences)
    assert whole is not None
    rate = round(n / median(seconds))
    yield {"method": WHOLE, **_told(whole), "frames_per_second": rate}


def longer(report: ProgressCallback) -> Iterable[Row]:
    """Choose settings on ten sequences, and read the eleventh."""
    sequences = load_mot15()
    settings = list(itertools.product(AGES, HITS, OVERLAPS, SECOND))
    found: dict[tuple[Any, ...], list[TrackingCounts]] = {}
    for at, (age, hits, overlap, second) in enumerate(settings):
        report(f"setting {at + 1} of {len(settings)}", at / len(settings))
        for gap in GAPS:
            found[age, hits, overlap, second, gap] = [
                tracking_counts(
                    sequence.truth,
                    followed(Sort(age, hits, overlap, second), sequence, gap),
                )
                for sequence in sequences
            ]
    whole = None
    for at, sequence in enumerate(sequences):

        def others(counts: list[TrackingCounts], at: int = at) -> TrackingCounts:
            first, *rest = (each for n, each in enumerate(counts) if n != at)
            return sum(rest, start=first)

        good = [key for key in found if others(found[key]).mota >= 0.39] or [*found]
        best = max(good, key=lambda key: others(found[key]).idf1)
        counts = found[best][at]
        whole = counts if whole is None else whole + counts
        names = ("max_age", "min_hits", "iou_threshold", "second_below", "bridged")
        chosen = ", ".join(f"{n} {v}" for n, v in zip(names, best, strict=True))
        yield {"method": sequence.name, **_told(counts), "chosen": chosen}
    assert whole is not None
    yield {"method": WHOLE, **_told(whole)}


def measures(rounds: int) -> Iterable[Row]:
    """The measures of SORT's tracks beside those of other programs."""
    sequences = load_mot15()
    pairs = [(s, followed(Sort(), s)) for s in sequences]
    ours, seconds = _timed(
        rounds, lambda: [tracking_counts(s.truth, f) for s, f in pairs]
    )
    yield {"method": "lookalike", "seconds": seconds}
    for name, measure, ask in (
        ("motmetrics", _by_motmetrics, lambda c: (c.mota, c.idf1)),
        ("TrackEval", _by_trackeval, lambda c: (c.hota, c.assa)),
    ):
        try:
            theirs, other = _timed(rounds, partial(measure, pairs))
        except ImportError:
            continue
        apart = np.abs(np.array(theirs) - np.array([ask(c) for c in ours]))
        yield {
            "method": name,
            "seconds": other,
            "ratio": other / seconds,
            "difference": float(apart.max()),
        }


def _timed(rounds: int, call: Callable[[], Any]) -> tuple[Any, float]:
    """The answer, and the median of the processor's seconds."""
    answer, seconds = call(), []
    for _ in range(rounds):
        begun = time.process_time()
        call()
        seconds.append(time.process_time() - begun)
    return answer, median(seconds)


def _by_motmetrics(
    pairs: list[tuple[TrackingSequence, Trajectories]],
) -> list[tuple[float, float]]:
    setattr(np, "asfarray", np.asarray)  # noqa: B010, which it still calls
    import motmetrics

    answers = []
    for sequence, found in pairs:
        events = motmetrics.MOTAccumulator(auto_id=True)
        truth = sequence.truth
        for frame in range(1, sequence.n_frames + 1):
            mine, theirs = truth.frame == frame, found.frame == frame
            apart = motmetrics.distances.iou_matrix(
                _sizes(truth.box[mine]), _sizes(found.box[theirs]), max_iou=0.5
            )
            events.update(truth.id[mine], found.id[theirs], apart)
        host = motmetrics.metrics.create()
        table = host.compute(events, metrics=["mota", "idf1"])
        answers.append((float(table.mota.iloc[0]), float(table.idf1.iloc[0])))
    return answers


def _sizes(boxes: Any) -> Any:
    """Left, top, width, height."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _by_trackeval(
    pairs: list[tuple[TrackingSequence, Trajectories]],
) -> list[tuple[float, float]]:
    for kind in (float, int):  # which it still looks for in NumPy
        setattr(np, kind.__name__, kind)
    from trackeval.metrics.hota import HOTA

    answers = []
    for sequence, found in pairs:
        truth = sequence.truth
        names, ids = np.unique(truth.id, return_inverse=True)
        others, other_ids = np.unique(found.id, return_inverse=True)
        data: dict[str, Any] = {
            "num_timesteps": sequence.n_frames,
            "num_gt_ids": len(names),
            "num_tracker_ids": len(others),
            "num_gt_dets": len(ids),
            "num_tracker_dets": len(other_ids),
            "gt_ids": [],
            "tracker_ids": [],
            "similarity_scores": [],
        }
        for frame in range(1, sequence.n_frames + 1):
            mine, theirs = truth.frame == frame, found.frame == frame
            data["gt_ids"].append(ids[mine])
            data["tracker_ids"].append(other_ids[theirs])
            data["similarity_scores"].append(iou(truth.box[mine], found.box[theirs]))
        result = HOTA().eval_sequence(data)
        answers.append((float(result["HOTA"].mean()), float(result["AssA"].mean())))
    return answers


def _told(counts: TrackingCounts) -> Row:
    names = ("mota", "motp", "idf1", "hota")
    row: Row = {name: round(float(getattr(counts, name)), 4) for name in names}
    return {**row, "switches": counts.switches}
