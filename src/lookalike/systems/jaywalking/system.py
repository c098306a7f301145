"""Jaywalking: who will cross where nobody is meant to, a second before they do.

Boxes of people become tracks (``tracks``), sixteen frames of a track become features
(``features``), forests and a network turn these into a chance of crossing
(``chances``), the signs in sight into a chance that this is no place to cross
(``place``); the risk is their product. A ``stream`` does so frame by frame.
"""

import time
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.datasets.streets import StreetClips
from lookalike.evaluate.interval import share_interval
from lookalike.systems.jaywalking.answers import JaywalkAnswer
from lookalike.systems.jaywalking.chances import Chances
from lookalike.systems.jaywalking.clip_text import ClipText, read_clip
from lookalike.systems.jaywalking.features import Features, features_of
from lookalike.systems.jaywalking.labelled import (
    Labelled,
    exact_and_trembling,
    labelled,
)
from lookalike.systems.jaywalking.place import Place
from lookalike.systems.jaywalking.reasons import reasons_of
from lookalike.systems.jaywalking.sequence import FUSIONS, SequenceModel
from lookalike.systems.jaywalking.stream import Stream
from lookalike.systems.jaywalking.tracks import Seen, Tracks

N_BINS = 10


class Jaywalking(BaseSystem):
    """Say who is going to cross in front of the car, and where nobody is meant to.

    Parameters
    ----------
    n_trees : int, default=300
        Of each forest.
    n_forests : int, default=3
        That are averaged.
    fusion : {"early", "late", "hierarchical"}, default="late"
        How the network joins boxes and street.
    n_epochs : int, default=10
        Of the network.
    network_share : float, default=0.5
        Weight of the network beside the trees, in [0, 1].
    alarm : float, default=0.4
        Chance of crossing from which on somebody is said to cross, in (0, 1).
    random_state : int, default=0
    n_jobs : int or None, default=None
        Taken so that all systems take it; one frame is too little to share.

    Attributes
    ----------
    manifest_ : Manifest
        Data, counts and, once loaded, the measured numbers.
    """

    name = "jaywalking"

    chances_: Chances
    place_: Place
    _seen: Ints  # (N_BINS,): held-out people by chance
    _mean: Array  # (n_columns,): the mean summary of those that were learned from

    def __init__(
        self,
        n_trees: int = 300,
        n_forests: int = 3,
        fusion: str = "late",
        n_epochs: int = 10,
        network_share: float = 0.5,
        alarm: float = 0.4,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_trees = n_trees
        self.n_forests = n_forests
        self.fusion = fusion
        self.n_epochs = n_epochs
        self.network_share = network_share
        self.alarm = alarm
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, data: StreetClips, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Learn from the training clips, probabilities from the validation clips.

        Every training clip is also learned from with trembling boxes, as a detector's
        are.

        Raises
        ------
        ValueError
            If the options or clips are not such that can be learned from.
        """
        self._check_options()
        started = time.perf_counter()
        on_progress("reading the clips", 0.0)
        train, held_out = data.of("train"), data.of("validation")
        learned = labelled(train)
        held = labelled(held_out)
        for name, part in (("training", learned), ("validation", held)):
            if len(np.unique(part.crosses)) < 2:
                raise ValueError(
                    f"The {name} clips must have people who cross and people who do "
                    f"not, each seen for 76 frames or more before; got "
                    f"{len(part.crosses)} observations of one kind."
                )
        rng = np.random.default_rng(self.random_state)
        both = exact_and_trembling(train, learned, rng)
        network = SequenceModel(
            self.fusion, n_epochs=self.n_epochs, random_state=self.random_state
        )
        self.chances_ = Chances.learned(
            (both, np.tile(learned.crosses, 2), np.tile(learned.described, 2)),
            (held.features, held.crosses, held.described),
            self.n_trees,
            self.n_forests,
            network,
            float(self.network_share),
            stage_of(on_progress, 0.2, 0.7),
        )
        known = learned.described
        self.place_ = Place.learned(learned.features[known], learned.designated[known])
        self._mean = learned.features.summary.mean(axis=0)
        self._seen = _people_by_chance(self.chances_.chances(held.features), held)
        facts = _facts(data, learned, held)
        facts["seconds_to_learn"] = round(time.perf_counter() - started, 1)
        self.manifest_ = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    # --- answers ----------------------------------------------------------------------

    def new_stream(
        self, width: int, height: int, sequence: str = "", budget: float = 2.0
    ) -> Stream:
        """Return what follows one sequence of frames, see ``Stream``."""
        self.check_fitted()
        return Stream(self.chances_, self.place_, width, height, sequence, budget)

    def step_record(self, stream: Stream, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take up one frame of a stream, and return what is said, ready for JSON.

        sent : the arguments of ``Stream.step`` by name
        """
        found = stream.step(**sent)
        return {
            "frame": found.frame,
            "risks": [
                {
                    "person": id,
                    "box": row,
                    "jaywalking": risk,
                    "crossing": crossing,
                    "away": away,
                    "alarm": crossing >= self.alarm,
                }
                for id, row, risk, crossing, away in zip(
                    found.ids.tolist(),
                    found.rows.tolist(),
                    found.jaywalking.tolist(),
                    found.crossing.tolist(),
                    found.away.tolist(),
                    strict=True,
                )
            ],
            "waiting": found.n_waiting,
            "missed": found.n_missed,
        }

    def classify_each(self, queries: Sequence[str]) -> list[list[Answer]]:
        """Return the risks in the last frame of each clip, see ``clip_text``."""
        return [[*self._last_risks(query)[0]] for query in queries]

    def check_query(self, query: str) -> str:
        """Return the text of a clip, or refuse it."""
        _followed(read_clip(query))
        return query

    def explain(self, query: str) -> Explanation:
        """Say what speaks for the risk of the riskiest person of a clip.

        Each group of features is set to what it is for the average person, and the
        chance is asked again: the difference is what the group does.
        """
        answers, features = self._last_risks(query)
        if not answers:
            sentence = "nobody has been in sight for sixteen frames: there is no risk"
            return Explanation({}, (sentence,))
        riskiest = features[np.array([0])]
        return Explanation(
            answers[0].record(),
            reasons_of(answers[0], riskiest, self.chances_, self._mean),
        )

    def warm_up(self) -> None:
        """Compile and touch what the first answer needs."""
        stream = self.new_stream(640, 480)
        for frame in range(17):
            stream.step(frame, [[10 + frame, 10, 40 + frame, 100]])

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return forests, network, lines and counts."""
        arrays = {
            **self.chances_.arrays(),
            **self.place_.arrays(),
            "seen": self._seen,
            "mean": self._mean,
        }
        return arrays, {}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.chances_ = Chances.from_arrays(
            arrays, self.n_forests, self.fusion, float(self.network_share)
        )
        self.place_ = Place.from_arrays(arrays)
        self._seen = np.asarray(arrays["seen"])
        self._mean = np.asarray(arrays["mean"])

    # --- inside -----------------------------------------------------------------------

    def _last_risks(self, query: str) -> tuple[list[JaywalkAnswer], Features]:
        """The people in the last frame of a clip, the greatest risk first."""
        self.check_fitted()
        clip = read_clip(query)
        seen = _followed(clip)
        features = features_of(seen.windows)
        if not len(features):
            return [], features
        crossing = self.chances_.chances(features)
        away = self.place_.away(features)
        order = np.lexsort((-crossing, -crossing * away))
        people = np.flatnonzero(seen.ready)[order]
        boxes = seen.windows.box[order, -1]
        answers = [
            self._answer(clip, int(seen.ids[person]), chance, no_place, box.tolist())
            for person, chance, no_place, box in zip(
                people,
                crossing[order].tolist(),
                away[order].tolist(),
                boxes,
                strict=True,
            )
        ]
        return answers, features[order]

    def _answer(
        self,
        clip: ClipText,
        person: int,
        crossing: float,
        away: float,
        box: list[float],
    ) -> JaywalkAnswer:
        n = int(self._seen[_bins(np.array([crossing]))[0]])
        interval = share_interval(crossing, max(n, 1))
        return JaywalkAnswer(
            person,
            int(clip.frames[-1].frame),
            crossing * away,
            crossing,
            away,
            interval.low,
            interval.high,
            crossing >= self.alarm,
            *box,
        )

    def _check_options(self) -> None:
        check_whole("n_trees", self.n_trees)
        check_whole("n_forests", self.n_forests)
        check_whole("n_epochs", self.n_epochs)
        check_choice("fusion", self.fusion, FUSIONS)
        share, alarm = self.network_share, self.alarm
        if not isinstance(share, Real) or not 0 <= share <= 1:
            raise ValueError(f"network_share must be in [0, 1], got {share!r}.")
        if not isinstance(alarm, Real) or not 0 < alarm < 1:
            raise ValueError(f"alarm must lie between 0 and 1, got {alarm!r}.")


def _followed(clip: ClipText) -> Seen:
    """Everybody in the last frame; a frame that is wrong is named."""
    tracks = Tracks(clip.width, clip.height)
    for at, each in enumerate(clip.frames):
        try:
            seen = tracks.step(
                each.frame, each.boxes, each.vehicle, each.signs, each.ids
            )
        except ValueError as error:
            raise ValueError(f"Frame {at} of the clip: {error}") from None
    return seen


def _people_by_chance(chances: Floats, held: Labelled) -> Ints:
    """Count held-out people by their mean chance."""
    n = np.bincount(held.person)
    means = np.bincount(held.person, chances) / np.maximum(n, 1)
    return np.bincount(_bins(means[n > 0]), minlength=N_BINS)


def _bins(chances: Floats) -> Ints:
    return np.minimum((chances * N_BINS).astype(np.int64), N_BINS - 1)


def _facts(data: StreetClips, learned: Labelled, held: Labelled) -> dict[str, Any]:
    return {
        "n_clips": {
            part: len(data.of(part)) for part in ("train", "validation", "test")
        },
        "n_train": len(learned.crosses),
        "n_people": learned.n_people,
        "n_crossing": len(np.unique(learned.person[learned.crosses])),
        "n_described": len(np.unique(learned.person[learned.described])),
        "n_held_out": held.n_people,
        "n_columns": learned.features.summary.shape[1],
    }
