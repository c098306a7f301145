"""The feed: candidates, heads, their value, and the order.

A few hundred posts of each source become candidates; each gets the probability of
every action, calibrated, as if it were looked at; weights that an operator may change
sum them to a value; and the order takes the most valuable post at each place, less for
each further post of one author or topic.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_positive, check_whole
from lookalike._shown import shown
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation
from lookalike.core.inputs import check_k, positions_of
from lookalike.core.items import Item
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.core.recommendations import ExplainsListedItems
from lookalike.core.weights import (
    checked_weights,
    read_weights,
    usual_weights,
    value_of,
)
from lookalike.datasets.feed_log import FeedLog
from lookalike.rank import Hits
from lookalike.rank.slate import ExplainedSlate
from lookalike.systems.feed.arrivals import check_post, described, with_posts
from lookalike.systems.feed.candidates import QUOTAS, SOURCES, CandidateSources
from lookalike.systems.feed.decisions import Decisions
from lookalike.systems.feed.events import done_since
from lookalike.systems.feed.examination import Examination
from lookalike.systems.feed.heads import (
    BLEND,
    KINDS,
    Heads,
    calibrated_heads,
    learn_heads,
    relative_loss,
    relearned,
)
from lookalike.systems.feed.kept_log import kept_log, log_state
from lookalike.systems.feed.order import in_order
from lookalike.systems.feed.preview import Preview, previewed
from lookalike.systems.feed.ranked import Ranked
from lookalike.systems.feed.rows import EXAMINED, SHOWN_TODAY, FeedCounts
from lookalike.systems.feed.telling import heads_of, reasons_of

K = 10
DAY = 86_400.0
BEST, FEW, ALL = "best", "few", "all"
LEAST_ROWS = 100
NEW_AUTHOR = 100  # impressions of an author, below which it is new
HEADS, LOG, CURVE, DECISIONS = "heads.", "log.", "curve.", "decisions."


class Feed(ExplainsListedItems, BaseSystem):
    """Put posts in the order of what a user may do with them.

    Parameters
    ----------
    model : str, default="best"
        "rates", "trees", "shared", "mmoe", "blend", or the one of those compared whose
        losses are least on the last fifth of the training rows.
    compare : {"few", "all"}, default="few"
        "few" is rates, trees and a blend of both, "all" the networks, too (``deep``
        extra).
    weights : str, default=""
        The path of a TOML file that says what each action is worth.
    window_days : float, default=3.0
        How old a post may be.
    cap : int, default=2
        Posts of one author in a list, after which further ones come last.
    sameness : float in (0, 1], default=0.98
        What the next post of a topic counts, as a share of the one before.
    new_author_boost : float, default=0.05
        By how much the value of an author is raised whom few have seen yet.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    heads_ : Heads
    weights_ : dict of str to float
    examination_ : Examination
    fatigue_ : float
        What the next post of an author counts, learned.
    manifest_ : Manifest

    Examples
    --------
    >>> from lookalike.datasets.feed_simulator import simulate_feed
    >>> log = simulate_feed(60, 20, 600, 600, 8)
    >>> system = Feed("rates").fit(log)
    >>> [slate] = system.recommend_each(["u3"], k=3)
    >>> len(slate.ids), bool((np.diff(slate.scores) <= 0).all())
    (3, True)
    """

    name = "feed"

    heads_: Heads
    weights_: dict[str, float]
    examination_: Examination
    fatigue_: float

    _forgotten: frozenset[str] = frozenset()
    _events: Mapping[str, Mapping[str, float]] = MappingProxyType({})

    def __init__(
        self,
        model: str = BEST,
        compare: str = FEW,
        weights: str = "",
        window_days: float = 3.0,
        cap: int = 2,
        sameness: float = 0.98,
        new_author_boost: float = 0.05,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.compare = compare
        self.weights = weights
        self.window_days = window_days
        self.cap = cap
        self.sameness = sameness
        self.new_author_boost = new_author_boost
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, data: FeedLog, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn from the impressions that are not for testing.

        The last fifth of them calibrates the heads, and chooses their kind; then these
        learn from all of them.

        Raises
        ------
        ValueError
            If an option is out of its range, or there is nothing to learn from.
        """
        self._check_parameters()
        weights = (
            read_weights(self.weights, data.heads)
            if self.weights
            else usual_weights(data.heads)
        )
        train = ~data.is_test
        if train.sum() < LEAST_ROWS or not data.is_test.any():
            raise ValueError(
                f"There must be at least {LEAST_ROWS} impressions to learn from, and "
                f"some to test on; got {int(train.sum())} and "
                f"{int(data.is_test.sum())}."
            )
        on_progress("counting", 0.02)
        self.examination_ = Examination.learned(data, train)
        counts = FeedCounts(data, train, looks_of(data, self.examination_))
        X = features_of(counts, data, train, self.examination_)
        y = answers_of(data, train)
        late = data.time[train] >= np.quantile(data.time[train], 0.8)
        kinds = self._kinds
        losses: dict[str, float] = {}
        found: dict[str, Heads] = {}
        for at, kind in enumerate(kinds):
            part = stage_of(on_progress, 0.1 + 0.5 * at / len(kinds), 0.5 / len(kinds))
            options = self.random_state, self.n_jobs, part
            if kind == BLEND:
                members = list(found.values())
                found[kind] = calibrated_heads(kind, members, X, y, late, counts)
            else:
                found[kind] = learn_heads(kind, X, y, late, counts, *options)
            expected = found[kind].predict(X[late], counts)
            losses[kind] = relative_loss(expected, y[late], counts.heads)
        best = min(losses, key=lambda kind: losses[kind])
        chosen = found[best if self.model == BEST else self.model]
        again = self.random_state, self.n_jobs, stage_of(on_progress, 0.6, 0.3)
        self.heads_ = relearned(chosen, X, y, *again)
        self.rates_ = found["rates"]
        self.weights_ = weights
        self.fatigue_ = self._learned_fatigue(X[late], counts)
        self.base_ = counts.base
        self._take_up(data, train)
        on_progress("looking back at what was drawn", 0.95)
        self.decisions_ = self._decided(data)
        facts = {
            "n_users": len(data.users),
            "n_authors": len(data.authors),
            "n_posts": len(data.posts.ids),
            "n_follows": len(data.follows),
            "n_training_rows": int(train.sum()),
            "n_test_rows": int(data.is_test.sum()),
            "n_shuffled_lists": self.examination_.n_shuffled,
            "heads": list(data.heads),
            "kind": self.heads_.kind,
            "losses_of_kinds": losses,
            "n_decisions": len(self.decisions_),
            "shares": {
                head: float(np.nanmean(y[:, at])) for at, head in enumerate(data.heads)
            },
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(self, data: FeedLog, on_progress: ProgressCallback = no_progress) -> Self:
        """Return the system that answers: it also counts what was held out."""
        self.check_fitted()
        on_progress("counting what was held out, too", 0.1)
        system = copy(self)
        system._take_up(data, np.ones(len(data), bool))
        system.mark_refitted(True)
        return system

    def before_refit(self, data: FeedLog) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted:
            return self
        system = copy(self)
        system._take_up(self._own_log, ~self._own_log.is_test)
        system.mark_refitted(False)
        return system

    # --- answers ----------------------------------------------------------------------

    @property
    def feature_names(self) -> Sequence[str]:
        """Names of the columns of ``features``: the heads."""
        return self.heads_.names

    @property
    def known_users(self) -> Array:
        """Names of the users that are known."""
        users = self.log_.users
        if not self._forgotten:
            return users
        return users[[name not in self._forgotten for name in users.tolist()]]

    def without_users(self, users: Sequence[str]) -> Self:
        """Return a system that does not know these users; what they did counts."""
        self.check_fitted()
        system = copy(self)
        system._forgotten = self._forgotten | set(users)
        return system

    def with_events(self, events: Mapping[str, Mapping[str, float]]) -> Self:
        """Return the system as it is once users did these things, too.

        Posts that are not known are passed over; -1 says that a post was hidden.
        """
        self.check_fitted()
        system = copy(self)
        system._events = {**self._events, **events}
        return system

    def with_weights(self, weights: Mapping[str, float]) -> Self:
        """Return the system with other weights of its heads; nothing is learned.

        Raises
        ------
        ValueError
            If a weight is no finite number, or of no head.
        """
        self.check_fitted()
        system = copy(self)
        system.weights_ = checked_weights(weights, self.heads_.names)
        # What is popular follows from them.
        system._take_up(self._own_log, self._rows)
        if self.log_ is not self._own_log:
            system._meet(self.log_, self.now_)
        return system

    def preview_weights(self, weights: Mapping[str, float]) -> Preview:
        """Tell from the log what other weights would change.

        Raises
        ------
        ValueError
            If a weight is no finite number, or of no head, or if the log has no draws.
        """
        self.check_fitted()
        new = checked_weights(weights, self.heads_.names)
        return previewed(self.decisions_, self.heads_.names, self.weights_, new)

    def with_items(self, items: Sequence[Item]) -> Self:
        """Return the system with posts that came, changed or went since it learned.

        They are all of them each time, in the order of the changes. Their attributes
        are ``author``, ``topic``, ``created`` and the numbers of posts; a new author is
        followed by nobody. Nothing is learned.
        """
        self.check_fitted()
        system = copy(self)
        if self.log_ is not self._own_log:
            system._take_up(self._own_log, self._rows)
        log, latest = with_posts(self._own_log, items, self._own_now - 1.0)
        system._meet(log, max(self._own_now, latest + 1.0))
        return system

    def check_item(self, item: Item) -> None:
        """Refuse a post that cannot be added, see ``arrivals.check_post``."""
        self.check_fitted()
        check_post(item, self.log_)

    def offers(self, id: str) -> bool:
        """Whether a post has this id, and was not taken away."""
        at = self._post_position.get(id)
        return at is not None and bool(np.isfinite(self.log_.posts.created[at]))

    @property
    def n_items(self) -> int:
        """How many posts there are."""
        return int(np.isfinite(self.log_.posts.created).sum())

    def post_values(self, id: str) -> dict[str, Any]:
        """Return what is known of a post, ready for JSON.

        Raises
        ------
        LookupError
            If there is none of this id.
        """
        self.check_fitted()
        if not self.offers(id):
            raise LookupError(f"There is no item {shown(id)!r}.")
        return described(self.log_, self._post_position[id])

    def has_item(self, id: str) -> bool:
        """Whether a post has this id."""
        self.check_fitted()
        return id in self._post_position

    def recommend(self, users: Sequence[str] | Array, k: int = K) -> Hits:
        """Return posts for each user, best first.

        Raises
        ------
        ValueError
            If a user is not known, or k is not a whole number of at least 1.
        """
        self.check_fitted()
        k = check_k(k)
        known = {name: at for at, name in enumerate(self.known_users.tolist())}
        positions_of(users, known, "users")
        found = [self._first(self._ranked(str(user)), k) for user in users]
        ids = self.log_.posts.ids
        return Hits([ids[each.posts] for each in found], [e.scores for e in found])

    def recommend_each(
        self, users: Sequence[str], k: int = K, exclude: Sequence[str] = ()
    ) -> list[ExplainedSlate]:
        """Return at most k posts for each user, best first, with reasons.

        A post that was seen, that is muted or hidden, or that is older than the window
        is in no list. Excluded posts count as if they stood above.
        """
        self.check_fitted()
        k = check_k(k)
        gone = set(exclude)
        slates = []
        for user in users:
            found = self._ranked(str(user))
            if gone:
                ids = self.log_.posts.ids[found.posts].tolist()
                kept = [at for at, id in enumerate(ids) if id not in gone]
                found = found.take(kept)
            slates.append(self._slate(str(user), self._first(found, k)))
        return slates

    def recommend_from(
        self,
        histories: Sequence[Mapping[str, float]],
        k: int = K,
        exclude: Sequence[str] = (),
    ) -> list[ExplainedSlate]:
        """Return at most k posts for whoever did these things, best first."""
        self.check_fitted()
        slates = []
        for history in histories:
            system = copy(self)
            system._events = {"": dict(history)}
            system._forgotten = self._forgotten | {""}
            [slate] = system.recommend_each([""], k, [*exclude, *history])
            slates.append(slate)
        return slates

    def rank_items(self, user: str, ids: Sequence[str]) -> ExplainedSlate:
        """Put these posts in order for a user, each once, candidates or not."""
        self.check_fitted()
        posts = positions_of(list(dict.fromkeys(ids)), self._post_position, "posts")
        return self._slate(user, self._ranked_of(user, posts))

    def explain(self, query: str) -> Explanation:
        """Give the reasons for the first posts of a user, and the rules.

        Raises
        ------
        ValueError
            If no post is left for the user.
        """
        self.check_fitted()
        slate = self._slate(query, self._first(self._ranked(query), K))
        if not len(slate):
            raise ValueError(f"No post is left for {query}: {'; '.join(slate.rules)}.")
        reasons = [
            f"{id} ({score:.4f}): {why}"
            for id, score, why in zip(
                slate.ids, slate.scores, slate.reasons, strict=True
            )
        ]
        return Explanation(slate.records()[0], (*reasons, *slate.rules))

    def explain_item(self, query: str, id: str, k: int = K) -> dict[str, Any]:
        """Return rank and score of a post, and each head, weight and rule behind them.

        Raises
        ------
        LookupError
            If there is no post of this id.
        """
        told = super().explain_item(query, id, k)
        post = self._post_position[id]
        one = self._ranked_of(query, np.array([post]))
        user = self._position(query)
        kept_out = self._sources.kept_out(user, post)
        if post in self._hidden(query):
            kept_out.append("the user hid it")
        if not self.offers(id):
            kept_out.append("it was taken away")
        about = described(self.log_, post)
        return {
            **told,
            "author": about["author"],
            "topic": about["topic"],
            "value": float(one.value[0]),
            "heads": heads_of(one.expected[0], self.weights_),
            "counts_of_its_value": float(one.scores[0] / one.value[0])
            if one.value[0]
            else 1.0,
            "kept_out": kept_out,
        }

    def eligible(self, user: int) -> Ints:
        """Return all posts that a user may be shown now, by position."""
        return self._sources.eligible(user)

    def shown_today(self, user: Ints, author: Ints) -> Ints:
        """Return how many posts of authors users were shown in the last day, (n,)."""
        return self._counts.shown_today(user, author, np.full(len(user), self.now_))

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the log, the heads, the curve and the decisions."""
        arrays, log = log_state(self._own_log)
        heads, of_heads = self.heads_.state()
        rates, of_rates = self.rates_.state()
        found = {
            **prefixed(LOG, arrays),
            **prefixed(HEADS, heads),
            **prefixed("rates.", rates),
            **prefixed(CURVE, self.examination_.arrays()),
            **prefixed(DECISIONS, self.decisions_.arrays()),
            "base": self.base_,
            "counted": self._rows,
        }
        return found, {
            "log": log,
            "heads": of_heads,
            "rates": of_rates,
            "weights": self.weights_,
            "fatigue": self.fatigue_,
        }

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._check_parameters()
        log = kept_log(named(LOG, arrays), document["log"])
        self.heads_ = Heads.restored(named(HEADS, arrays), document["heads"])
        self.rates_ = Heads.restored(named("rates.", arrays), document["rates"])
        self.examination_ = Examination.from_arrays(named(CURVE, arrays))
        self.decisions_ = Decisions.from_arrays(named(DECISIONS, arrays))
        self.weights_ = checked_weights(document["weights"], self.heads_.names)
        self.fatigue_ = float(document["fatigue"])
        self.base_ = np.asarray(arrays["base"], np.float64)
        if list(self.heads_.names) != log.heads or len(self.base_) != len(log.heads):
            raise ValueError("its heads are not those of its log.")
        rows = np.asarray(arrays["counted"]).astype(bool)
        if rows.shape != (len(log),) or not rows.any():
            raise ValueError("its log is not whole.")
        self._take_up(log, rows)

    def warm_up(self) -> None:
        """Compile what the first answer needs."""
        for user in self.known_users[:1].tolist():
            self.recommend_each([user], 1)

    # --- inside -----------------------------------------------------------------------

    @property
    def _kinds(self) -> list[str]:
        if self.compare == ALL:
            return list(KINDS)
        if self.model in (BEST, BLEND):
            return ["rates", "trees", BLEND]
        return list(dict.fromkeys(["rates", self.model]))

    def _check_parameters(self) -> None:
        if self.model not in (*KINDS, BEST):
            raise ValueError(
                f"model must be one of {', '.join((*KINDS, BEST))}, got {self.model!r}."
            )
        if self.compare not in (FEW, ALL):
            raise ValueError(f"compare must be few or all, got {self.compare!r}.")
        check_positive("window_days", self.window_days)
        check_whole("cap", self.cap)
        check_positive("sameness", self.sameness)
        if self.sameness > 1:
            raise ValueError(f"sameness must lie in (0, 1], got {self.sameness!r}.")
        check_positive("new_author_boost", self.new_author_boost, zero=True)

    def _take_up(self, log: FeedLog, rows: Array) -> None:
        """Count these rows of a log, and know its posts."""
        self._own_log, self._rows = replace(log, truth=None, draws=None), rows
        now = float(log.time[rows].max()) + 1.0
        looks = looks_of(log, self.examination_)
        self._counts = FeedCounts(log, rows, looks, self.base_)
        posts = log.posts
        n = np.bincount(posts.author[log.post[rows]], minlength=len(log.authors))
        self._is_new = n < NEW_AUTHOR
        self._popularity = self._value_shown(log, rows)
        self._sources = CandidateSources(
            *(log, rows, now, self.window_days * DAY), self._popularity[:-1]
        )
        self._own_now = now
        self._know(self._own_log, now)
        _ = self._counts.now

    def _know(self, log: FeedLog, now: float) -> None:
        """Know the posts and authors of a log at a moment."""
        self.log_, self.now_ = log, now
        self._post_position = {id: at for at, id in enumerate(log.posts.ids.tolist())}
        self._user_position = {id: at for at, id in enumerate(log.users.tolist())}

    def _meet(self, log: FeedLog, now: float) -> None:
        """Know more posts, and authors, than those that were counted."""
        self._know(log, now)
        self._counts = self._counts.with_posts(log.posts)
        n_more = len(log.authors) - len(self._is_new)
        self._is_new = np.append(self._is_new, np.ones(n_more, bool))
        known, of_any = self._popularity[:-1], self._popularity[-1]
        popularity = np.append(known, np.full(len(log.posts.ids) - len(known), of_any))
        self._sources = self._sources.with_posts(
            log, now, self.window_days * DAY, popularity
        )

    def _value_shown(self, log: FeedLog, rows: Array) -> Floats:
        """Value per impression of each post, shrunken towards that of all; then that.

        (n_posts + 1,)
        """
        n_posts = len(log.posts.ids)
        found = np.zeros(n_posts + 1)
        n = np.bincount(log.post[rows], minlength=n_posts + 1)
        for head, weight in self.weights_.items():
            labels = np.nan_to_num(log.labels(head)[rows])
            total = np.bincount(log.post[rows], labels, n_posts + 1)
            found += weight * (total + 20 * labels.mean()) / (n + 20)
        return found

    def _position(self, user: str) -> int:
        if user in self._forgotten:
            return -1
        return self._user_position.get(user, -1)

    def _hidden(self, user: str) -> Ints:
        """Posts with which the user did something since, hidden or not."""
        done = self._events.get(user, {})
        found = [self._post_position[id] for id in done if id in self._post_position]
        return np.array(found, np.int64)

    def _ranked(self, user: str) -> Ranked:
        """All candidates of a user, in order."""
        at, gone = self._position(user), self._hidden(user)
        posts, source, left_out = self._sources.of(at, QUOTAS, gone)
        counts = np.bincount(source, minlength=len(SOURCES)).tolist()
        told = ", ".join(
            f"{n:,} {name}" for n, name in zip(counts, SOURCES, strict=True)
        )
        rules = [f"{len(posts):,} candidates: {told}"]
        rules += [f"{n:,} left out: {why}" for why, n in left_out.items() if n]
        expected, value = self._valued(user, posts)
        order, gain = in_order(
            value,
            self.log_.posts.author[posts],
            self.log_.posts.topic[posts],
            self.cap,
            self.fatigue_,
            self.sameness,
        )
        rules.append(
            f"the next post of an author counts {self.fatigue_:.0%}, of a topic "
            f"{self.sameness:.0%}; behind {self.cap} of an author the others come last"
        )
        new = int(self._is_new[self.log_.posts.author[posts]].sum())
        if new and self.new_author_boost:
            rules.append(
                f"{new:,} of new authors count {self.new_author_boost:.0%} more"
            )
        return Ranked(
            posts[order],
            gain,
            expected[order],
            value[order],
            source[order],
            tuple(rules),
        )

    def _ranked_of(self, user: str, posts: Ints) -> Ranked:
        """These posts in order: candidates as they stand, others by their value."""
        whole = self._ranked(user)
        inside = np.flatnonzero(np.isin(whole.posts, posts))
        others = np.setdiff1d(posts, whole.posts)
        expected, value = self._valued(user, others)
        both = Ranked(
            np.concatenate([whole.posts[inside], others]),
            np.concatenate([whole.scores[inside], value]),
            np.concatenate([whole.expected[inside], expected]),
            np.concatenate([whole.value[inside], value]),
            np.concatenate([whole.source[inside], np.full(len(others), -1)]),
            whole.rules,
        )
        return both.take(np.argsort(-both.scores, kind="stable"))

    def _valued(self, user: str, posts: Ints) -> tuple[Floats, Floats]:
        """What the heads expect of posts, and their values with the boost."""
        at = self._position(user)
        done = {
            self._post_position[id]: amount
            for id, amount in self._events.get(user, {}).items()
            if id in self._post_position
        }
        more, more_of = done_since(done, self.log_.posts, self.heads_.names)
        X = self._counts.features_now(at, posts, self.now_, more, more_of)
        expected = self.heads_.predict(X, self._counts)
        value = value_of(expected, self.weights_)
        boost = self.new_author_boost * self._is_new[self.log_.posts.author[posts]]
        return expected, value + boost * np.abs(value)

    def _first(self, found: Ranked, k: int) -> Ranked:
        return found.take(np.arange(min(k, len(found.posts))))

    def _slate(self, user: str, found: Ranked) -> ExplainedSlate:
        return ExplainedSlate(
            ids=self.log_.posts.ids[found.posts].tolist(),
            scores=found.scores,
            features=found.expected.astype(np.float32),
            reasons=reasons_of(
                found,
                self.log_,
                self.weights_,
                self._is_new & bool(self.new_author_boost),
            ),
            known=self._position(user) >= 0,
            rules=found.rules,
        )

    def _learned_fatigue(self, X: Array, counts: FeedCounts) -> float:
        """What the heads expect one more post of an author today to count."""
        some = X[:: max(1, len(X) // 2000)].copy()
        before = counts.names.index(SHOWN_TODAY)
        some[:, counts.names.index(EXAMINED)] = 0.0
        values = []
        for n in (0, 1):
            some[:, before] = np.log1p(n)
            values.append(value_of(self.heads_.predict(some, counts), self.weights_))
        first, second = (float(np.maximum(each, 0).sum()) for each in values)
        return float(np.clip(second / first, 0.3, 1.0)) if first > 0 else 1.0

    def _decided(self, data: FeedLog) -> Decisions:
        """The draws among the test impressions, with what the heads expected."""
        return Decisions.of(data, self.heads_, self.examination_, self.base_)


def features_of(
    counts: FeedCounts, log: FeedLog, rows: Array, curve: Examination
) -> Array:
    """Return what was known before each of some impressions, (n, n_features)."""
    place, device = log.place[rows], log.device[rows]
    examined = curve.at(device, place)
    return counts.features(
        log.user[rows], log.post[rows], log.time[rows], place, examined
    )


def looks_of(log: FeedLog, curve: Examination) -> Floats:
    """Return how likely the place of each impression is looked at, (n,)."""
    return curve.at(log.device, log.place)


def answers_of(log: FeedLog, rows: Array) -> Floats:
    """Return what each head was to predict of some impressions, (n, n_heads)."""
    return np.column_stack([log.labels(head)[rows] for head in log.heads])
