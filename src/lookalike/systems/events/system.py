"""Events: what to go to, out of events that were not there last week.

Events are over after days, so that hardly any that is open has a history: a ranker
learns from what is known of user and event at the time, and so can rank an event that
was announced a minute ago.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_positive
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation
from lookalike.core.inputs import check_k, positions_of
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.core.recommendations import ExplainsListedItems
from lookalike.datasets.events import EventData, EventLog, kilometres
from lookalike.rank import Hits
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike.rank.ranker import Ranker
from lookalike.rank.slate import ExplainedSlate
from lookalike.systems.events.explanations import reasons_of
from lookalike.systems.events.features import FEATURE_NAMES, EventFeatures
from lookalike.systems.events.persistence import arrays_of, data_of
from lookalike.systems.events.rankers import (
    arrays_of_rankers,
    fit_ranker,
    ranker_names,
    ranker_of,
    rankers_of,
)

K = 10
FAR = -1e6
"""Score beyond the radius, less the share of half the earth's circumference: below
that of every ranker, so that it does not depend on what else is asked for."""
REFITTED = "refitted."  # before the names of arrays of the ranker that answers
N_EXPLAINED = 4  # reasons that an explanation gives for each event


class Events(ExplainsListedItems, BaseSystem):
    """Suggest to each user events that they may want to join.

    Parameters
    ----------
    model : str, default="logistic"
        The ranker that answers: one of those compared.
    compare : str, default="few"
        Rankers that are learned and measured beside each other: "few" are logistic
        regression, boosted trees and a network, "all" also LambdaMART, a deep and
        cross network, and the network with focal loss, with class-balanced loss and on
        downsampled negatives; or names with commas between them. Of "few" and "all",
        those whose packages are not installed are left out.
    radius : float, default=50
        Kilometres from home within which events are suggested first.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    rankers_ : dict of str to Ranker
        What was learned from the lists before the split, by name.
    ranker_ : Ranker
        The one that answers: of ``rankers_``, or learned from all lists by ``refit``.
    data_ : EventData
        Users, events and the log that answers are computed from.
    features_ : EventFeatures
        Of ``data_``.
    manifest_ : Manifest
        Data, counts and, once loaded, the measured numbers.

    Examples
    --------
    >>> from lookalike.datasets.event_simulator import simulate_events
    >>> data = simulate_events(n_people=80, n_events=120, n_days=20)
    >>> system = Events(compare="logistic").fit(data)
    >>> found = system.recommend(["u3"], k=3)
    >>> len(found.ids[0]), bool((np.diff(found.scores[0]) <= 0).all())
    (3, True)
    """

    name = "events"
    feature_names = FEATURE_NAMES

    rankers_: dict[str, Ranker]
    ranker_: Ranker
    data_: EventData
    features_: EventFeatures

    _user_position: dict[str, int]
    _event_position: dict[str, int]

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

    def fit(self, data: EventData, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn from the lists that were shown before the split."""
        names = ranker_names(self.compare)
        self._check_parameters(names)
        on_progress("computing features", 0.05)
        self._take_up(data)
        shown = data.shown.where(data.shown.time < data.split)
        if not len(shown):
            raise ValueError("No list was shown before the split: nothing to learn.")
        X, y, groups = self._rows_of(shown)
        if y.all() or not y.any():
            raise ValueError(
                "Some of the events that were shown before the split must have been "
                f"joined, and some not, got {y.sum()} joined of {len(y)}."
            )
        self.rankers_ = {}
        for at, name in enumerate(names):
            share = 0.2 + 0.8 * at / len(names)
            on_progress(f"learning: {name.replace('_', ' ')}", share)
            self.rankers_[name] = fit_ranker(
                name, self.random_state, self.n_jobs, X, y, groups
            )
        facts = {
            "n_users": len(data.people.ids),
            "n_events": len(data.events.ids),
            "n_lists": len(groups),
            "n_training_rows": len(y),
            "share_joined": float(y.mean()),
        }
        self.ranker_ = self.rankers_[self.model]
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: EventData, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers: its ranker has learned from all lists.

        The rankers that were measured and compared stay beside it.
        """
        self.check_fitted()
        on_progress("learning from all lists", 0.1)
        system = copy(self)
        rows = self._rows_of(data.shown)
        system.ranker_ = fit_ranker(self.model, self.random_state, self.n_jobs, *rows)
        system.mark_refitted(True)
        return system

    def before_refit(self, data: EventData) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted:
            return self
        system = copy(self)
        system.ranker_ = self.rankers_[self.model]
        system.mark_refitted(False)
        return system

    # --- answers ----------------------------------------------------------------------

    @property
    def known_users(self) -> Array:
        """Names of the users that are known."""
        ids = self.data_.people.ids
        return ids[[name in self._user_position for name in ids.tolist()]]

    def without_users(self, users: Sequence[str]) -> Self:
        """Return a system that does not know these users.

        What they joined still counts in what is popular.
        """
        self.check_fitted()
        gone, system = set(users), copy(self)
        system._user_position = {
            name: at for name, at in self._user_position.items() if name not in gone
        }
        return system

    @property
    def now(self) -> float:
        """A second after the last thing that is known to have happened."""
        log = (self.data_.shown, self.data_.joins, self.data_.invitations)
        return max(float(entries.time.max(initial=0)) for entries in log) + 1

    def recommend(
        self,
        users: Sequence[str] | Array,
        k: int = K,
        time: float | None = None,
    ) -> Hits:
        """Return open events for each user, best first.

        Parameters
        ----------
        users : sequence of str, n_queries of them
        k : int, default=10
            At least 1.
        time : float, default=None
            Seconds since 1970; None is ``now``.

        Returns
        -------
        Hits
            Events within the radius come first; where they are too few, the nearest of
            the others follow, with scores below theirs. Fewer than k where fewer
            events are open that the user has not joined.

        Raises
        ------
        ValueError
            If a user is not known, or k is not a whole number of at least 1.
        """
        self.check_fitted()
        users_at, time = self._users(users), self._time(time)
        k = check_k(k)
        ranked = [self._ranked(user, time) for user in users_at.tolist()]
        return Hits(
            [self.data_.events.ids[events[:k]] for events, _, _ in ranked],
            [scores[:k] for _, scores, _ in ranked],
        )

    def rank(
        self, user: str, events: Sequence[str] | Array, time: float | None = None
    ) -> Hits:
        """Put these events in order for a user, best first, open or not.

        Returns
        -------
        Hits
            Of one row, with all of them.
        """
        self.check_fitted()
        [at] = self._users([user]).tolist()
        rows, scores, _ = self._ordered(at, self._events(events), self._time(time))
        return Hits([self.data_.events.ids[rows]], [scores])

    def recommend_each(
        self,
        users: Sequence[str],
        k: int = K,
        exclude: Sequence[str] = (),
        time: float | None = None,
    ) -> list[ExplainedSlate]:
        """Return at most k open events for each user, with the strongest reason.

        An unknown user gets the open events that most users have joined. ``exclude``
        names events that are in no list.
        """
        self.check_fitted()
        k, time = check_k(k), self._time(time)
        n = k + len(exclude)
        slates = []
        for user in users:
            at = self._user_position.get(user)
            if at is None:
                open_now = np.flatnonzero(self._is_open(time))
                slates.append(self._popular_slate(open_now, time, n))
            else:
                slates.append(self._slate(*self._ranked(at, time), n))
        return [slate.without(exclude).first(k) for slate in slates]

    def rank_items(
        self, user: str, ids: Sequence[str], time: float | None = None
    ) -> ExplainedSlate:
        """Put these events in order for a user, each once, open or not."""
        self.check_fitted()
        time, events = self._time(time), self._events(list(dict.fromkeys(ids)))
        at = self._user_position.get(user)
        if at is None:
            return self._popular_slate(events, time)
        return self._slate(*self._ordered(at, events, time))

    def has_item(self, id: str) -> bool:
        """Whether an event has this id."""
        self.check_fitted()
        return id in self._event_position

    def explain(self, query: str) -> Explanation:
        """Give reasons for the first suggestions to a user.

        Raises
        ------
        ValueError
            If the user is not known.
        """
        self.check_fitted()
        [at] = self._users([query]).tolist()
        slate = self._slate(*self._ranked(at, self._time(None)), K)
        if not len(slate):
            raise ValueError(f"No event is open that {query} has not joined.")
        reasons = [
            f"{name} ({score:.2f}): " + "; ".join(why[:N_EXPLAINED])
            for name, score, why in zip(
                slate.ids, slate.scores, self._reasons(slate.features), strict=True
            )
        ]
        return Explanation(slate.records()[0], tuple(reasons))

    def feature_weights(self) -> dict[str, float]:
        """Return weights of logistic regression, the largest first; none without one.

        Of features that are centred and scaled.
        """
        ranker = self._logistic
        if not isinstance(ranker, LogisticRanker):
            return {}
        order = np.argsort(-abs(ranker.weights_), kind="stable")
        return {FEATURE_NAMES[at]: float(ranker.weights_[at]) for at in order}

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the data that answers need, and the rankers."""
        arrays = {**arrays_of(self.data_), **arrays_of_rankers(self.rankers_)}
        if self.is_refitted:
            arrays |= prefixed(REFITTED, self.ranker_.arrays())
        return arrays, {"rankers": list(self.rankers_)}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        names = document["rankers"]
        self._check_parameters(names)
        about = self.manifest_.data
        self._take_up(data_of(arrays, about["name"], about["checksum"]))
        self.rankers_ = rankers_of(arrays, names, len(FEATURE_NAMES))
        self.ranker_ = self.rankers_[self.model]
        if self.is_refitted:
            mine = named(REFITTED, arrays)
            self.ranker_ = ranker_of(mine, self.model, len(FEATURE_NAMES))

    # --- inside -----------------------------------------------------------------------

    def _check_parameters(self, names: Sequence[str]) -> None:
        if self.model not in names:
            raise ValueError(
                f"model must be one of those compared, {', '.join(names)}, got "
                f"{self.model!r}."
            )
        check_positive("radius", self.radius)

    @property
    def _logistic(self) -> Ranker | None:
        """Logistic regression, whose weights give reasons."""
        return (
            self.ranker_ if self.model == "logistic" else self.rankers_.get("logistic")
        )

    def _rows_of(self, shown: EventLog) -> tuple[Array, Array, Ints]:
        """Features, joins and sizes of the first lists of the log."""
        data, n = self.data_, len(shown)
        X = self.features_.rows(shown.person, shown.event, shown.time)
        groups = np.unique(data.lists[:n], return_counts=True)[1]
        return X, data.joined[:n], groups

    def _take_up(self, data: EventData) -> None:
        self.data_ = data
        self.features_ = EventFeatures(data)
        self._user_position = {n: at for at, n in enumerate(data.people.ids.tolist())}
        self._event_position = {n: at for at, n in enumerate(data.events.ids.tolist())}

    def _users(self, users: Sequence[str] | Array) -> Ints:
        return positions_of(users, self._user_position, "people")

    def _events(self, events: Sequence[str] | Array) -> Ints:
        return positions_of(events, self._event_position, "events")

    def _time(self, time: float | None) -> float:
        return self.now if time is None else float(time)

    def _ranked(self, user: int, time: float) -> tuple[Ints, Floats, Array]:
        """Open events that a user has not joined: those nearby first."""
        data = self.data_
        open_now = self._is_open(time)
        mine = (data.joins.person == user) & (data.joins.time < time)
        open_now[data.joins.event[mine]] = False
        return self._ordered(user, np.flatnonzero(open_now), time)

    def _is_open(self, time: float) -> Array:
        """Which events are announced and have not begun, bool (n_events,)."""
        events = self.data_.events
        return (events.created <= time) & (time < events.starts)

    def _ordered(
        self, user: int, events: Ints, time: float
    ) -> tuple[Ints, Floats, Array]:
        """These events, best first: those beyond the radius last, by distance.

        With their scores and features.
        """
        data = self.data_
        far = kilometres(data.people.locations[user], data.events.locations[events])
        far = np.nan_to_num(far, nan=0.0)  # an unknown distance counts as near
        n = len(events)
        X = self.features_.rows(np.full(n, user), events, np.full(n, time))
        scores = self.ranker_.score_rows(X) if n else np.empty(0)
        beyond = far > self.radius
        scores[beyond] = FAR - far[beyond] / 20_000
        order = np.lexsort((events, -scores))
        return events[order], scores[order], X[order]

    def _slate(
        self, events: Ints, scores: Floats, X: Array, k: int | None = None
    ) -> ExplainedSlate:
        """The first k of events that are in order."""
        return ExplainedSlate(
            ids=self.data_.events.ids[events[:k]].tolist(),
            scores=scores[:k],
            features=X[:k],
            reasons=[reasons[0] for reasons in self._reasons(X[:k])],
        )

    def _reasons(self, X: Array) -> list[list[str]]:
        """Reasons for each row of features, the strongest first."""
        ranker, contributions = self._logistic, np.zeros(X.shape)
        if isinstance(ranker, LogisticRanker):
            contributions = (X - ranker.mean_) / ranker.scale_ * ranker.weights_
        return [reasons_of(*row) for row in zip(X, contributions, strict=True)]

    def _popular_slate(
        self, events: Ints, time: float, k: int | None = None
    ) -> ExplainedSlate:
        """The first k of these events by number of joins, for an unknown user."""
        joins = self.data_.joins
        before = joins.event[joins.time < time]
        n_joins = np.bincount(before, minlength=len(self.data_.events.ids))[events]
        order = np.lexsort((events, -n_joins))[:k]
        return ExplainedSlate(
            ids=self.data_.events.ids[events[order]].tolist(),
            scores=n_joins[order].astype(np.float64),
            features=np.zeros((len(order), len(FEATURE_NAMES)), np.float32),
            reasons=[f"you are new here: {n} people joined" for n in n_joins[order]],
            known=False,
        )
