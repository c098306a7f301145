r"""What another policy would have done, over the lists that a service has logged.

Suggestions
    With share :math:`\epsilon` the last of k places got any of the m items that could
    have stood there, otherwise the best of them: propensities
    :math:`1 - \epsilon + \epsilon / m` and :math:`\epsilon / m`, all m items logged.
    One decision with m actions, so that every estimator of ``evaluate.off_policy``
    applies. The places above were never left to chance: no log says what other items
    there would have done. What is judged is who fills the last place.
Searches
    Of lists that were shuffled each order had the same chance. They are judged position
    by position, see ``evaluate.slate_off_policy``; whether a list was shuffled did not
    depend on it, so that the others can be left out.

The model of DM and the doubly robust estimators is a ridge regression of the reward on
the features, the score and the place of an item among those drawn from. Lists are cut
into five parts by user, and each is predicted by a model of the others.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.evaluate import Estimate
from lookalike.evaluate.off_policy import (
    LEAST_EFFECTIVE,
    LEAST_INFORMATIVE,
    LoggedDecisions,
    OffPolicy,
    estimate_policy,
    logged_decisions,
    mean_interval,
)
from lookalike.evaluate.slate_off_policy import SlatePolicy, estimate_slate_policy
from lookalike.learn import Ridge
from lookalike.service.logged_lists import Draw, LoggedList
from lookalike.service.policies import Policy

N_FOLDS = 5
SURE = "were shown without chance"
"""Why lists say nothing of another policy."""


@dataclass(frozen=True)
class Positions:
    """Lists judged position by position.

    found : the target policy
    logged : float64 (n_positions,), mean rewards of the lists that are judged, as shown
    n_lists : of this length
    """

    found: SlatePolicy
    logged: Floats
    n_lists: int


@dataclass(frozen=True)
class WhatIf:
    """What a log says of another policy.

    policy : what it does, in a sentence
    n_lists : that were logged
    n_judged : that say something
    since, until : microseconds, of the first and the last of these
    left_out : number of the others by the reason
    last_place : of the reward at the last place; None for searches
    gain : the target's reward there less that of what ran, paired; None where no
        interval is valid
    positions : of all positions, by the assumption; see ``evaluate.slate_off_policy``
    measured : reward of lists that the target policy itself made, by the sum of their
        positions; None where there were none
    """

    policy: str
    n_lists: int
    n_judged: int
    since: int
    until: int
    left_out: Mapping[str, int]
    last_place: OffPolicy | None
    gain: Estimate | None
    positions: Mapping[str, Positions]
    measured: Estimate | None = None

    @property
    def refusal(self) -> str:
        """Why there are no estimates at all, or ""."""
        if self.last_place is not None:
            return self.last_place.refusal
        refused = [each.found.refusal for each in self.positions.values()]
        return refused[0] if all(refused) else ""

    @property
    def needed(self) -> int | None:
        """About how many such lists would do, where too few were left to chance."""
        place = self.last_place
        if place is None or not place.refusal or not place.effective_sample:
            return None
        more = LEAST_EFFECTIVE / place.effective_sample
        return round(self.n_lists * more) if more > 1 else None


def judge_last_place(
    lists: Sequence[LoggedList],
    policy: Policy,
    system: str,
    on_progress: ProgressCallback = no_progress,
    clip: float = 10.0,
) -> WhatIf:
    """Judge who fills the last place of suggestions.

    clip : greatest weight of clipped IPS, and that Switch-DR corrects with

    Raises
    ------
    ValueError
        If no list was left to chance, or none says anything of the policy.
    """
    left_out: Counter[str] = Counter()
    judged: list[LoggedList] = []
    chances: list[Floats] = []
    for at, one in enumerate(lists):
        on_progress("asking the other policy", at / len(lists))
        found = SURE if one.draw is None else policy.chances(one)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            judged.append(one)
            chances.append(found)
    if not judged:
        raise ValueError(_nothing(lists, left_out, system, "suggestions"))
    on_progress("estimating", 1.0)
    log = _decisions(judged, chances)
    told = estimate_policy(log, clip=clip, switch=clip)
    return WhatIf(
        policy.sentence,
        *(len(lists), len(judged), judged[0].timestamp, judged[-1].timestamp),
        dict(left_out),
        told,
        _gain(log, told),
        _of_whole_lists(judged, log),
    )


def judge_order(lists: Sequence[LoggedList], share: float, system: str) -> WhatIf:
    """Judge the order of searches by their scores, another share of them shuffled.

    Raises
    ------
    ValueError
        If no list was shuffled.
    """
    left_out: Counter[str] = Counter()
    length = Counter(len(one.ids) for one in lists if one.is_shuffled)
    if not length:
        left_out[SURE] = len(lists)
        raise ValueError(_nothing(lists, left_out, system, "searches"))
    n = length.most_common(1)[0][0]
    judged, sure = [], []
    for one in lists:
        if not one.is_shuffled:
            left_out[SURE] += 1
            sure.append(one)
        elif len(one.ids) != n:
            left_out[f"have another length than {n}"] += 1
        else:
            judged.append(one)
    rewards = np.array([one.rewards for one in judged])
    orders = np.array([np.argsort(-one.scores, kind="stable") for one in judged])
    in_order = orders == np.arange(n)
    positions = {}
    for assume in ("independence", "cascade"):
        logged, target = _of_shuffled(in_order, share, assume)
        found = estimate_slate_policy(rewards, logged, target, assume)
        positions[assume] = Positions(found, rewards.mean(axis=0), len(judged))
    told = "The order of the scores"
    told += f", {share:.0%} of the lists shuffled." if share else "."
    return WhatIf(
        told,
        *(len(lists), len(judged), judged[0].timestamp, judged[-1].timestamp),
        dict(left_out),
        *(None, None, positions),
        _measured(sure, n) if not share else None,
    )


# --- suggestions ----------------------------------------------------------------------


def _decisions(judged: list[LoggedList], chances: list[Floats]) -> LoggedDecisions:
    draws = [one.draw for one in judged if one.draw is not None]
    values = _modelled(judged, draws)
    return logged_decisions(
        [one.rewards[-1] for one in judged],
        [one.propensities[-1] for one in judged],
        [c[draw.taken] for c, draw in zip(chances, draws, strict=True)],
        [v[draw.taken] for v, draw in zip(values, draws, strict=True)],
        [float(c @ v) for c, v in zip(chances, values, strict=True)],
    )


def _modelled(judged: list[LoggedList], draws: list[Draw]) -> list[Floats]:
    """What each item of each draw would earn, by a model of other users' lists."""
    rewards = np.array([one.rewards[-1] for one in judged])
    X, starts = _columns(draws)
    taken = starts[:-1] + [draw.taken for draw in draws]
    fold = _folds(judged)
    fold_of_rows = np.repeat(fold, np.diff(starts))
    found = np.zeros(len(X))
    for held in np.unique(fold).tolist():
        train = X[taken[fold != held]]
        if not len(train):
            continue  # all lists are of one part: nothing is expected of anything
        mean, spread = train.mean(axis=0), train.std(axis=0)
        spread[spread < 1e-9] = 1.0
        model = Ridge(alpha=1.0).fit((train - mean) / spread, rewards[fold != held])
        rows = fold_of_rows == held
        found[rows] = model.predict((X[rows] - mean) / spread)
    return np.split(found, starts[1:-1])


def _columns(draws: list[Draw]) -> tuple[Floats, Ints]:
    """Features, score and place of each item, a row each; and where draws begin.

    Features only where all draws have as many, and finite ones.
    """
    starts = np.cumsum([0, *(len(draw.items) for draw in draws)])
    own = np.column_stack(
        [
            np.concatenate([draw.scores for draw in draws]),
            np.concatenate([np.log1p(np.arange(len(draw.items))) for draw in draws]),
        ]
    )
    if len({draw.features.shape[1] for draw in draws}) == 1:
        features = np.concatenate([draw.features for draw in draws])
        if np.isfinite(features).all():
            own = np.hstack([features, own])
    return own, starts


def _folds(judged: list[LoggedList]) -> Ints:
    """A part for each list: those of one user lie in one."""
    names = [one.user or one.query_id for one in judged]
    return np.array([zlib.crc32(name.encode()) % N_FOLDS for name in names], np.int64)


def _gain(log: LoggedDecisions, found: OffPolicy) -> Estimate | None:
    """What the target earns beyond what ran: the mean of paired terms."""
    if found.refusal or found.informative_sample < LEAST_INFORMATIVE:
        return None
    assert log.predicted is not None and log.expected is not None  # noqa: PT018
    terms = log.expected + log.weight * (log.reward - log.predicted) - log.reward
    return mean_interval(terms, weight=log.weight)


def _of_whole_lists(
    judged: list[LoggedList], log: LoggedDecisions
) -> dict[str, Positions]:
    """All positions of lists of the commonest length; the last one alone differs."""
    n = Counter(len(one.ids) for one in judged).most_common(1)[0][0]
    same = np.array([len(one.ids) == n for one in judged])
    rewards = np.array([one.rewards for one in judged if len(one.ids) == n])
    propensity, target = np.ones_like(rewards), np.ones_like(rewards)
    propensity[:, -1], target[:, -1] = log.propensity[same], log.target[same]
    found = estimate_slate_policy(rewards, propensity, target, "cascade")
    return {"cascade": Positions(found, rewards.mean(axis=0), len(rewards))}


# --- searches -------------------------------------------------------------------------


def _of_shuffled(in_order: Array, share: float, assume: str) -> tuple[Floats, Floats]:
    """Probabilities of what stood at each position, as logged and of the target.

    in_order : bool (n_lists, n), whether the item of the order's place j stands at j
    """
    n = in_order.shape[1]
    if assume == "independence":
        logged = np.full(in_order.shape, 1 / n)
        return logged, share / n + (1 - share) * in_order
    left = n - np.arange(n)
    logged = np.broadcast_to(1 / left, in_order.shape)
    chance = np.cumprod(1 / left)  # of one beginning of each length, all orders alike
    so_far = np.logical_and.accumulate(in_order, axis=1)
    begun: Floats = share * chance + (1 - share) * so_far
    before = np.hstack([np.ones((len(begun), 1)), begun[:, :-1]])
    target = np.divide(begun, before, out=np.zeros_like(begun), where=before > 0)
    return np.array(logged), target


def _measured(sure: list[LoggedList], n: int) -> Estimate | None:
    """Reward of lists that stood in the order of their scores by themselves."""
    same = [one for one in sure if len(one.ids) == n]
    if len(same) < 2 or any((np.diff(one.scores) > 0).any() for one in same):
        return None
    return mean_interval(np.array([one.rewards.sum() for one in same]))


def _nothing(
    lists: Sequence[LoggedList], left_out: Counter[str], system: str, what: str
) -> str:
    """Why a log says nothing at all, and what would change that."""
    if not lists:
        return f"No {what} of {system} were logged in that time."
    reason, n = left_out.most_common(1)[0]
    if reason != SURE:
        return f"The log cannot say: {n:,} of {len(lists):,} lists {reason}."
    place = "last place" if what == "suggestions" else "order"
    return (
        f"Nothing was explored: all {n:,} {what} of {system} {SURE}, and no log says "
        f"what others would have done. `lookalike serve {system} --explore 0.1` leaves "
        f"the {place} of a tenth of them to chance."
    )
