"""Events: what to go to, out of things that were not there last week.

Events live for days, so that hardly any of what is on offer has a history: a ranker
learns from what is known of person and event at that very moment, and so has something
to say of an event that was announced a minute ago.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Generation
from lookalike.core.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    about_of,
    choose,
    damaged,
    measured_facts,
    milliseconds,
    nobody,
    places_of,
    read_generation,
    read_names,
)
from lookalike.datasets.event_files import load_event_challenge
from lookalike.datasets.event_simulator import simulate_events
from lookalike.datasets.events import EventData, kilometres
from lookalike.evaluate import QueryGroups
from lookalike.rank import Hits
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike.rank.ranker import Ranker
from lookalike.rank.slate import ExplainedSlate
from lookalike.systems.events.card import events_card
from lookalike.systems.events.evaluation import K, events_measured
from lookalike.systems.events.explanations import reasons_of
from lookalike.systems.events.features import FEATURES, EventFeatures
from lookalike.systems.events.persistence import arrays_of, data_of
from lookalike.systems.events.rankers import kinds_here, learn, packed, unpacked

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page


class Events:
    """Say which events each person may want to go to.

    Parameters
    ----------
    model : str, default="logistic"
        The ranker that answers: one of those compared.
    compare : str, default="few"
        Rankers that are learned and measured beside each other: "few" are logistic
        regression, boosted trees and a network, "all" also LambdaMART, a deep and
        cross network, and the network with focal loss, with class-balanced loss and on
        thinned-out rows; or names with commas between them. Of "few" and "all", those
        whose packages are not installed are left out.
    radius : float, default=50
        Kilometres from home within which events are suggested first.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    rankers_ : dict
        What was learned, by name.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> data = simulate_events(n_people=80, n_events=120, n_days=20)
    >>> system = Events(compare="logistic").fit(data)
    >>> found = system.recommend(["u3"], k=3)
    >>> len(found.ids[0]), bool((np.diff(found.scores[0]) <= 0).all())
    (3, True)
    """

    name = "events"

    rankers_: dict[str, Ranker]
    about_: dict[str, Any]

    def __init__(
        self,
        model: str = "logistic",
        compare: str = "few",
        radius: float = 50.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.compare = compare
        self.radius = radius
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> EventData:
        """Return a simulated world, or what the files in a folder hold."""
        if choice is not None and Path(choice).is_dir():
            return load_event_challenge(choice)
        return choose(
            choice, {"event_simulator": simulate_events}, "events, or a folder,"
        )

    def fit(self, data: EventData, report: Tell | None = None) -> Self:
        """Learn from the lists that were shown before the split."""
        tell = report or nobody
        names = self._check_parameters()
        tell("looking back", 0.05)
        self._know(data)
        shown = data.shown.where(data.shown.time < data.split)
        if not len(shown):
            raise ValueError("No list was shown before the split: nothing to learn.")
        X = self._features.rows(shown.person, shown.event, shown.time)
        y = data.joined[: len(shown)]
        groups = np.unique(data.lists[: len(shown)], return_counts=True)[1]
        self.rankers_ = {}
        for place, name in enumerate(names):
            tell(f"learning: {name.replace('_', ' ')}", 0.2 + 0.8 * place / len(names))
            self.rankers_[name] = learn(
                name, self.random_state, self.n_jobs, X, y, groups
            )
        self.about_ = {
            "configuration": {
                "model": self.model,
                "compare": ",".join(names),
                "radius": self.radius,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_people": len(data.people.ids),
                "n_events": len(data.events.ids),
                "n_lists": len(groups),
                "n_lessons": len(y),
                "share_joined": float(y.mean()),
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    @property
    def now(self) -> float:
        """A second after the last thing that is known to have happened."""
        log = (self.data_.shown, self.data_.joins, self.data_.invitations)
        return max(float(entries.time.max(initial=0)) for entries in log) + 1

    def recommend(
        self,
        people: Sequence[str] | Array,
        k: int = K,
        moment: float | None = None,
    ) -> Hits:
        """Open events for each person, best first.

        Parameters
        ----------
        people : sequence of str, n_queries of them
        k : int, default=10
            At least 1.
        moment : float, default=None
            Seconds since 1970; None is ``now``.

        Returns
        -------
        Hits
            Events within the radius come first; where they are too few, the nearest of
            the others follow, with scores below theirs. Fewer than k where fewer
            events are open that somebody has not joined.

        Raises
        ------
        ValueError
            If somebody is not known, or k is not a whole number of at least 1.
        """
        places = self._places(people)
        when = self._moment(moment)
        check_whole("k", k)
        ranked = [self._ranked(person, when) for person in places.tolist()]
        return Hits(
            [self.data_.events.ids[events[:k]] for events, _ in ranked],
            [scores[:k] for _, scores in ranked],
        )

    def rank(
        self, person: str, events: Sequence[str] | Array, moment: float | None = None
    ) -> Hits:
        """Put these events in order for a person, best first, open or not.

        Returns
        -------
        Hits
            Of one row, with all of them.
        """
        (place,) = self._places([person])
        rows = self._event_places(events)
        rows, scores = self._ordered(int(place), rows, self._moment(moment))
        return Hits([self.data_.events.ids[rows]], [scores])

    feature_names = FEATURES

    @property
    def askers(self) -> Array:
        """Names of those who are known."""
        return self.data_.people.ids

    def suggest(
        self, who: str, k: int = K, moment: float | None = None
    ) -> ExplainedSlate:
        """At most k open events for somebody, also for somebody unknown.

        Whoever is not known gets the open events that most have joined.
        """
        self._check_fitted()
        when = self._moment(moment)
        if who not in self._person:
            return self._popular(k, when)
        person = self._person[who]
        found, scores = self._ranked(person, when)
        return self._suggested(person, found[:k], scores[:k], when)

    def suggest_among(
        self, who: str, ids: Sequence[str], moment: float | None = None
    ) -> ExplainedSlate:
        """Put these events in order for somebody, open or not."""
        self._check_fitted()
        when = self._moment(moment)
        events = self._event_places(list(dict.fromkeys(ids)))
        if who not in self._person:
            return self._popular(len(events), when, events)
        person = self._person[who]
        return self._suggested(person, *self._ordered(person, events, when), when)

    def _suggested(
        self, person: int, events: Ints, scores: Floats, moment: float
    ) -> ExplainedSlate:
        X = self._rows(person, events, moment)
        shares = self._shares(X)
        return ExplainedSlate(
            ids=self.data_.events.ids[events].tolist(),
            scores=scores,
            features=X,
            reasons=[reasons_of(*row)[0] for row in zip(X, shares, strict=True)],
        )

    def _popular(
        self, k: int, moment: float, events: Ints | None = None
    ) -> ExplainedSlate:
        """Return what most have joined, for whoever is not known."""
        all_events, joins = self.data_.events, self.data_.joins
        if events is None:
            events = np.flatnonzero(self._open(moment))
        before = joins.event[joins.time < moment]
        counts = np.bincount(before, minlength=len(all_events.ids))[events]
        order = np.lexsort((events, -counts))[:k]
        return ExplainedSlate(
            ids=all_events.ids[events[order]].tolist(),
            scores=counts[order].astype(np.float64),
            features=np.zeros((len(order), len(FEATURES)), np.float32),
            reasons=[f"you are new here: {n} people joined" for n in counts[order]],
            known=False,
        )

    read = staticmethod(read_names)

    def answer(
        self, names: Sequence[str], queries: Sequence[str], k: int = K
    ) -> list[Answer]:
        """Return one line for each suggestion, with the strongest reason for it."""
        found = self.recommend(queries, k)
        return [
            {
                "person": name,
                "rank": rank + 1,
                "event": str(event),
                "score": float(score),
                "reason": self.reasons(name, str(event))[0],
            }
            for name, ids, scores in zip(names, found.ids, found.scores, strict=True)
            for rank, (event, score) in enumerate(zip(ids, scores, strict=True))
        ]

    def reasons(
        self, person: str, event: str, moment: float | None = None
    ) -> list[str]:
        """Say what speaks for an event, the strongest first."""
        (place,) = self._places([person])
        rows = self._event_places([event])
        X = self._rows(int(place), rows, self._moment(moment))
        return reasons_of(X[0], self._shares(X)[0])

    def feature_weights(self) -> dict[str, float]:
        """Weights of logistic regression, the largest first; none without one.

        Of features that are centred and scaled.
        """
        ranker = self.rankers_.get("logistic")
        if not isinstance(ranker, LogisticRanker):
            return {}
        order = np.argsort(-abs(ranker.weights_), kind="stable")
        return {FEATURES[place]: float(ranker.weights_[place]) for place in order}

    def explain(self, name: str, query: str) -> Explanation:
        """Say what speaks for the first suggestions."""
        answers = self.answer([name], [query])
        reasons = [
            f"{a['event']} ({a['score']:.2f}): "
            + "; ".join(self.reasons(query, a["event"])[:4])
            for a in answers
        ]
        first = {key: value for key, value in answers[0].items() if key != "rank"}
        return Explanation(first, tuple(reasons))

    def evaluate(self, data: EventData, report: Tell | None = None) -> Measured:
        """Put the lists that were shown after the split in order, and look who joined.

        The unit of chance is the list; lists in which nothing was joined say nothing of
        an order, and are left out.
        """
        tell = report or nobody
        self._check_same(data)
        measured = events_measured(self, data, tell)
        self.about_ |= measured_facts(measured)
        after = data.shown.time >= data.split
        people = data.people.ids[np.unique(data.shown.person[after])[:30]]
        self.about_["facts"] |= {
            "n_test_lists": QueryGroups(
                data.lists[after], data.joined[after]
            ).n_evaluated,
            "milliseconds_per_answer": milliseconds(
                lambda who: self.recommend(who, 1), [[name] for name in people]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: EventData, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.events.report import events_report

        return events_report(self, data, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        self._check_fitted()
        arrays = {**arrays_of(self.data_), **packed(self.rankers_)}
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            names = system._check_parameters()
            about = found.about["data"]
            system._know(data_of(found.arrays, about["name"], about["checksum"]))
            system.rankers_ = unpacked(found.arrays, names, len(FEATURES))
            system.about_ = about_of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return events_card(self.about_)

    def _check_parameters(self) -> list[str]:
        names = kinds_here(self.compare)
        if self.model not in names:
            raise ValueError(
                f"model must be one of those compared, {', '.join(names)}, got "
                f"{self.model!r}."
            )
        check_positive("radius", self.radius)
        return names

    def _check_same(self, data: EventData) -> None:
        self._check_fitted()
        if data.checksum != self.data_.checksum:
            raise ValueError(
                f"Expected the data that was learned from ({self.data_.name}), got "
                f"other data ({data.name})."
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "rankers_"):
            raise NotFittedError("Events must be fitted or loaded before it answers.")

    def _know(self, data: EventData) -> None:
        self.data_ = data
        self._features = EventFeatures(data)
        self._person = {name: n for n, name in enumerate(data.people.ids.tolist())}
        self._event = {name: n for n, name in enumerate(data.events.ids.tolist())}

    def _places(self, people: Sequence[str] | Array) -> Ints:
        self._check_fitted()
        return places_of(people, self._person, "people")

    def _event_places(self, events: Sequence[str] | Array) -> Ints:
        return places_of(events, self._event, "events")

    def _moment(self, moment: float | None) -> float:
        return self.now if moment is None else float(moment)

    def _ranked(self, person: int, moment: float) -> tuple[Ints, Floats]:
        """Open events that a person has not joined: those nearby first."""
        data = self.data_
        open_now = self._open(moment)
        mine = (data.joins.person == person) & (data.joins.time < moment)
        open_now[data.joins.event[mine]] = False
        return self._ordered(person, np.flatnonzero(open_now), moment)

    def _open(self, moment: float) -> Array:
        """Which events are announced and have not begun, (n_events,) of bool."""
        events = self.data_.events
        return (events.created <= moment) & (moment < events.starts)

    def _ordered(self, person: int, events: Ints, moment: float) -> tuple[Ints, Floats]:
        """These events, best first: those beyond the radius last, by distance."""
        data = self.data_
        far = kilometres(data.people.places[person], data.events.places[events])
        far = np.nan_to_num(far, nan=0.0)  # who or what is nowhere is near
        near = far <= self.radius
        scores = self._score(person, events, moment)
        lowest = scores[near].min() if near.any() else 0.0
        scores[~near] = lowest - 1.0 - far[~near] / 20_000
        order = np.lexsort((events, -scores))
        return events[order], scores[order]

    def _rows(self, person: int, events: Ints, moment: float) -> Array:
        return self._features.rows(
            np.full(len(events), person), events, np.full(len(events), moment)
        )

    def _shares(self, X: Array) -> Floats:
        """What each feature adds to the log-odds, beside an average event."""
        ranker = self.rankers_.get("logistic")
        if not isinstance(ranker, LogisticRanker):
            return np.zeros(X.shape)
        shares: Floats = (X - ranker.mean_) / ranker.scale_ * ranker.weights_
        return shares

    def _score(self, person: int, events: Ints, moment: float) -> Floats:
        if not len(events):
            return np.empty(0)
        ranker = self.rankers_[self.model]
        return ranker.score_rows(self._rows(person, events, moment))
