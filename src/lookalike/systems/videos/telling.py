"""What is told of videos that answer: their moments, and which part spoke."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.contracts import Explanation, SearchAnswer
from lookalike.rank.impressions import LearnedClicks
from lookalike.systems.videos.catalogue import VideoCatalogue
from lookalike.systems.videos.moments import Moment, moments_of
from lookalike.systems.videos.order import Ordered
from lookalike.systems.videos.pixel_side import PixelSide


class Telling:
    """Videos of one catalogue as answers.

    text : of words that ask, in the space of words and pixels; empty where there is
        none
    asked : frames that ask, as they are searched; None where words do
    clicks : what they have taught, None where they have not
    """

    def __init__(
        self,
        catalogue: VideoCatalogue,
        pixels: PixelSide,
        text: Array | None = None,
        asked: Array | None = None,
        clicks: LearnedClicks | None = None,
    ) -> None:
        self.catalogue, self.pixels = catalogue, pixels
        self.text, self.asked, self.clicks = text, asked, clicks

    def answer(self, found: Ordered, parts: Mapping[str, Floats]) -> SearchAnswer:
        """Return the answer of videos that were found, in their order.

        parts : what each part adds to the similarity of each of these videos, (n,)
        """
        rows = found.rows
        loudest = [
            max(parts, key=lambda name: float(parts[name][at]))
            for at in range(len(rows))
        ]
        ids = [self.catalogue.ids[row] for row in rows.tolist()]
        if self.clicks is not None:
            parts = self._with_clicks(parts, ids)
        each = [
            {name: round(float(values[at]), 6) for name, values in parts.items()}
            for at in range(len(rows))
        ]
        moments = [self.moments(row) for row in rows.tolist()]
        columns: dict[str, list[Any]] = {
            "similarity": found.similarity.tolist(),
            "second": [best[0].second for best in moments],
            "begin": [best[0].begin for best in moments],
            "end": [best[0].end for best in moments],
            "moments": [[vars(moment) for moment in some] for some in moments],
            "part": loudest,
            "parts": each,
            "duration": self.catalogue.durations[rows].tolist(),
            "copies": found.copies,
        }
        return SearchAnswer(
            ids,
            found.scores.tolist(),
            [label_of(self.catalogue, row) for row in rows.tolist()],
            columns,
            self._vector(),
        )

    def moments(self, row: int) -> list[Moment]:
        """Return the moments of a video that answer, best first, at least one."""
        duration = float(self.catalogue.durations[row])
        times = self.catalogue.times[self.catalogue.frames(row)]
        scores, links = np.zeros(0), None
        if self.asked is not None:
            scores = self.pixels.of_frames(self.asked, row)
            links = self.pixels.links(row)
        elif self.text is not None and self.text.any():
            scores = self.pixels.of_text(self.text, row)
        if not len(scores):
            return [Moment(0.0, duration, 0.0, 0.0)]
        return moments_of(times, duration, scores, links)

    def _with_clicks(
        self, parts: Mapping[str, Floats], ids: Sequence[str]
    ) -> dict[str, Floats]:
        """Parts as log-odds, with what clicks add and what any video has."""
        assert self.clicks is not None
        slope, of_clicks, of_any = self.clicks.line
        known = self.clicks.attractiveness
        own = np.array([known.get(id, 0.0) for id in ids])
        return {
            **{name: slope * values for name, values in parts.items()},
            "clicks": of_clicks * own,
            "any video": np.full(len(ids), of_any),
        }

    def _vector(self) -> Array:
        """What the query is, as one vector."""
        if self.asked is not None:
            return np.asarray(self.asked.mean(axis=0))
        if self.text is not None and len(self.text):
            return self.text
        return np.zeros(1, np.float32)


def label_of(catalogue: VideoCatalogue, row: int) -> str:
    """Return the title of a video, or its id where it has none."""
    return catalogue.titles[row] or catalogue.ids[row]


def explained(answer: SearchAnswer) -> Explanation:
    """Say of each hit which part spoke, and where it answers."""
    if not answer.ids:
        return Explanation({}, ("No video holds a word of the query.",))
    reasons = [
        f"{rank}. {hit['id']}: {hit['part']} spoke loudest ("
        + ", ".join(f"{name} {value:+.3f}" for name, value in hit["parts"].items())
        + f"); best at {hit['second']:.1f} s, from {hit['begin']:.1f} to "
        f"{hit['end']:.1f} s."
        for rank, hit in enumerate(answer.records(), start=1)
    ]
    return Explanation(answer.records()[0], tuple(reasons))
