"""Ads: which of them a user may be shown, and what each is worth.

Candidates are the ads whose rules want the user; each has a probability of a click that
is learned, calibrated and confirmed on later impressions, and stands in the order of
what it is expected to bring. An auction sells the places of a page.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation
from lookalike.core.inputs import check_k, positions_of
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.core.recommendations import ExplainsListedItems
from lookalike.datasets.click_log import ClickLog
from lookalike.rank import Hits
from lookalike.rank.calibration import KINDS as CALIBRATIONS
from lookalike.rank.slate import ExplainedSlate
from lookalike.rank.sparse_logistic import SparseLogistic
from lookalike.systems.ads.auction import Sale, sell
from lookalike.systems.ads.ladder import answering_names, rung_names
from lookalike.systems.ads.learned import Learned, best_of, calibrated, learn
from lookalike.systems.ads.market import Market
from lookalike.systems.ads.rows import ClickRows, check_leaks

K = 10
MEASURED, SERVED, MARKET = "measured.", "served.", "market."
BEST = "best"
N_REASONS = 3
LEAST_CLICKS = 10


@dataclass(frozen=True)
class Scored:
    """Ads of one user in the order of what they are expected to bring.

    ads : positions
    chances, hide_chances, values : (n,), of a click, of a hide, and expected value
    rows : as the models took them
    """

    ads: Ints
    chances: Floats
    hide_chances: Floats
    values: Floats
    rows: ClickRows


class AdClicks(ExplainsListedItems, BaseSystem):
    """Say how likely a click is, and what an impression is worth.

    Parameters
    ----------
    model : str, default="best"
        What answers: one of those compared, or "blend", the mean of the log-odds of
        "crosses" and "fm", or "best", that of the least log loss on the last fifth of
        the training rows.
    compare : str, default="few"
        Models that are learned and measured beside each other: "few", "all", or names
        with commas between them; see ``ladder.RUNGS``. Of "few" and "all", those whose
        packages are not installed are left out.
    calibration : {"none", "shift", "platt", "isotonic"}, default="platt"
        Learned on the last fifth of the training rows.
    cap : int, default=5
        Impressions of an ad to a user within a day after which it is no candidate.
    per_advertiser : int, default=1
        Ads of one advertiser on a page.
    hide_cost : float, default=1.0
        What it costs the seller that a user hides an ad, in the money of the bids.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    learned_ : Learned
        What was learned from the rows that are not for testing.
    served_ : Learned
        What answers: ``learned_``, or learned from all rows by ``refit``.
    answering_ : str
        The model that answers.
    market_ : Market
    manifest_ : Manifest

    Examples
    --------
    >>> from lookalike.datasets.ad_simulator import simulate_ads
    >>> log = simulate_ads(n_users=100, n_ads=40, n_pages=1500)
    >>> system = AdClicks("crosses", compare="crosses").fit(log)
    >>> [slate] = system.recommend_each(["u3"], k=3)
    >>> len(slate.ids), bool((np.diff(slate.scores) <= 0).all())
    (3, True)
    >>> sale = system.run_auction("u3", k=2, kind="vcg")
    >>> [place["price"] <= place["bid"] for place in sale.places]
    [True, True]
    """

    name = "ads"

    learned_: Learned
    served_: Learned
    market_: Market
    answering_: str

    def __init__(
        self,
        model: str = "best",
        compare: str = "few",
        calibration: str = "platt",
        cap: int = 5,
        per_advertiser: int = 1,
        hide_cost: float = 1.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.compare = compare
        self.calibration = calibration
        self.cap = cap
        self.per_advertiser = per_advertiser
        self.hide_cost = hide_cost
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, data: ClickLog, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn from the impressions that are not for testing.

        Models are learned twice: without the last fifth of them, which calibrates them,
        and then from all of them.
        """
        names = rung_names(self.compare)
        self._check_parameters(names)
        train, held_out = ~data.is_test, data.is_validation
        bad = data.clicked[~np.isin(data.clicked, (0, 1))]
        if len(bad):
            raise ValueError(f"A click must be a 0 or a 1, got {bad[0]}.")
        market = Market.of(data, train)  # first: a bad rule is told before the wait
        for part, rows in (
            ("learn from", train & ~held_out),
            ("test on", data.is_test),
        ):
            n = int(data.clicked[rows].sum())
            if n < LEAST_CLICKS or n == rows.sum():
                raise ValueError(
                    f"There must be at least {LEAST_CLICKS} clicks, and others, to "
                    f"{part}; got {n} of {int(rows.sum())} impressions."
                )
        check_leaks(data, train)
        seed = self.random_state, self.n_jobs
        begin = stage_of(on_progress, 0.05, 0.4)
        first = learn(data, train & ~held_out, names, {}, *seed, begin)
        on_progress("calibrating", 0.45)
        fitted = calibrated(first, data, held_out, self.calibration)
        self.answering_ = self.model
        if self.model == BEST:
            self.answering_ = best_of(first, fitted, data, held_out)
        again = stage_of(on_progress, 0.5, 0.45)
        self.learned_ = learn(data, train, names, fitted, *seed, again)
        self.served_ = self.learned_
        self._take_up(market)
        facts = {
            "n_users": len(data.users.ids),
            "n_ads": len(data.ads.ids),
            "n_advertisers": len(np.unique(data.ads.advertiser)),
            "n_training_rows": int(train.sum()),
            "share_clicked": float(data.clicked[train].mean()),
            "share_hidden": self.learned_.hide_rate,
            "n_targeted": int((data.ads.targeting != "").sum()),
            "columns": list(data.kinds),
            "crosses": [" x ".join(pair) for pair in data.crosses],
            "counted": [" and ".join(key) for key in data.counted],
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: ClickLog, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers: its models have learned from all rows.

        Those that were measured and compared stay beside them; calibrations stay.
        """
        self.check_fitted()
        on_progress("learning from all impressions", 0.1)
        system, every = copy(self), np.ones(len(data), bool)
        names = list(self.learned_.models)
        system.served_ = learn(
            *(data, every, names, self.learned_.calibrations),
            *(self.random_state, self.n_jobs),
        )
        system._take_up(Market.of(data, every))
        system.mark_refitted(True)
        return system

    def before_refit(self, data: ClickLog) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted:
            return self
        system = copy(self)
        system.served_ = self.learned_
        system._take_up(Market.of(data, ~data.is_test))
        system.mark_refitted(False)
        return system

    # --- answers ----------------------------------------------------------------------

    @property
    def feature_names(self) -> Sequence[str]:
        """Names of the columns of ``features``: the numbers that trees take."""
        return self.served_.builder.features.number_names

    @property
    def known_users(self) -> Array:
        """Names of the users that are known."""
        ids = self.market_.users.ids
        return ids[[name in self._user_position for name in ids.tolist()]]

    def without_users(self, users: Sequence[str]) -> Self:
        """Return a system that does not know these users; their clicks still count."""
        self.check_fitted()
        gone, system = set(users), copy(self)
        system._user_position = {
            name: at for name, at in self._user_position.items() if name not in gone
        }
        return system

    def has_item(self, id: str) -> bool:
        """Whether an ad has this id."""
        self.check_fitted()
        return id in self._ad_position

    def recommend(self, users: Sequence[str] | Array, k: int = K) -> Hits:
        """Return ads for each user, in the order of what they are expected to bring.

        Raises
        ------
        ValueError
            If a user is not known, or k is not a whole number of at least 1.
        """
        self.check_fitted()
        k = check_k(k)
        positions_of(users, self._user_position, "users")
        found = [self._candidates(str(user), {})[0] for user in users]
        ids = self.market_.ads.ids
        return Hits([ids[s.ads[:k]] for s in found], [s.values[:k] for s in found])

    def recommend_each(
        self, users: Sequence[str], k: int = K, exclude: Sequence[str] = ()
    ) -> list[ExplainedSlate]:
        """Return at most k ads for each user, with the strongest reason.

        Ads whose rules do not want the user, that were shown too often within a day, or
        of whose advertiser the user has hidden an ad, are in no list.
        """
        self.check_fitted()
        k = check_k(k)
        slates = []
        for user in users:
            found, rules = self._candidates(str(user), {})
            slate = self._slate(str(user), found, rules, k + len(exclude))
            slates.append(slate.without(exclude).first(k))
        return slates

    def rank_items(self, user: str, ids: Sequence[str]) -> ExplainedSlate:
        """Put these ads in order for a user, each once, wanted by rules or not."""
        self.check_fitted()
        ads = positions_of(list(dict.fromkeys(ids)), self._ad_position, "ads")
        found = self._scored(user, ads, self._about(user, {}))
        return self._slate(user, found, ())

    def run_auction(
        self,
        user: str,
        k: int = 3,
        kind: str = "gsp",
        reserve: float = 0.0,
        context: Mapping[str, Any] | None = None,
        spent: Mapping[str, float] | None = None,
    ) -> Sale:
        """Sell the k places of a page that a user looks at.

        Parameters
        ----------
        user : str
            Known or not.
        k : int, default=3
        kind : {"second_price", "gsp", "vcg"}, default="gsp"
        reserve : float, default=0
            Least price of a click.
        context : mapping, optional
            What is known of the moment, or of the user, by column.
        spent : mapping of str to float, optional
            What ads have cost today.

        Raises
        ------
        ValueError
            If something is out of its range, or names what is not known.
        """
        self.check_fitted()
        found, rules = self._candidates(user, context or {})
        sale = sell(
            self.market_,
            found.ads,
            found.chances,
            self.hide_cost * found.hide_chances,
            k=k,
            kind=kind,
            reserve=reserve,
            spent=spent or {},
            per_advertiser=self.per_advertiser,
        )
        return Sale(sale.places, sale.revenue, (*rules, *sale.rules), sale.left_out)

    def explain(self, query: str) -> Explanation:
        """Give reasons for the first ads of a user, and the rules that led to them.

        Raises
        ------
        ValueError
            If no ad wants the user.
        """
        self.check_fitted()
        found, rules = self._candidates(query, {})
        slate = self._slate(query, found, rules, K)
        if not len(slate):
            raise ValueError(f"No ad is left for {query}: {'; '.join(rules)}.")
        reasons = [
            f"{id} ({score:.4f}): {why}"
            for id, score, why in zip(
                slate.ids, slate.scores, slate.reasons, strict=True
            )
        ]
        return Explanation(slate.records()[0], (*reasons, *rules))

    def explain_item(self, query: str, id: str, k: int = K) -> dict[str, Any]:
        """Return rank, score, chances, what speaks for an ad, and what keeps it out.

        Raises
        ------
        LookupError
            If there is no ad of this id.
        """
        told = super().explain_item(query, id, k)
        ads = np.array([self._ad_position[id]])
        about = self._about(query, {})
        found = self._scored(query, ads, about)
        return {
            **told,
            "chance": float(found.chances[0]),
            "hide_chance": float(found.hide_chances[0]),
            "bid": float(self.market_.ads.bid[ads[0]]),
            "kept_out": self._kept_out(query, int(ads[0]), about),
        }

    def warm_up(self) -> None:
        """Compile what the first page needs."""
        user = str(self.known_users[0]) if len(self.known_users) else "warming up"
        self.recommend_each([user])
        self.run_auction(user)

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the market and the models."""
        market, about = self.market_.state()
        arrays, measured = self.learned_.state()
        found = {**prefixed(MARKET, market), **prefixed(MEASURED, arrays)}
        document = {
            "market": about,
            "measured": measured,
            "answering": self.answering_,
        }
        if self.is_refitted:
            arrays, document["served"] = self.served_.state()
            found |= prefixed(SERVED, arrays)
        return found, document

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.learned_ = Learned.restored(named(MEASURED, arrays), document["measured"])
        self.served_ = self.learned_
        if self.is_refitted:
            self.served_ = Learned.restored(named(SERVED, arrays), document["served"])
        self._check_parameters(list(self.learned_.models))
        self.answering_ = document["answering"]
        if self.answering_ not in self.learned_.calibrations:
            raise ValueError(f"it has no model {self.answering_}.")
        self._take_up(Market.restored(named(MARKET, arrays), document["market"]))

    # --- inside -----------------------------------------------------------------------

    def _check_parameters(self, names: list[str]) -> None:
        answering = [*answering_names(names), BEST]
        if self.model not in answering:
            raise ValueError(
                f"model must be one of {', '.join(answering)}, got {self.model!r}."
            )
        check_choice("calibration", self.calibration, CALIBRATIONS)
        check_whole("cap", self.cap)
        check_whole("per_advertiser", self.per_advertiser)
        check_positive("hide_cost", self.hide_cost, zero=True)

    def _take_up(self, market: Market) -> None:
        self.market_ = market
        self._user_position = {n: at for at, n in enumerate(market.users.ids.tolist())}
        self._ad_position = market.ad_position
        columns = market.ad_columns()
        self._mapped_ads = self.served_.builder.mapped(columns, market.now)

    def _about(self, user: str, context: Mapping[str, Any]) -> dict[str, Any]:
        return self.market_.about(self._user_position.get(user), context)

    def _candidates(
        self, user: str, context: Mapping[str, Any]
    ) -> tuple[Scored, tuple[str, ...]]:
        """The ads that a user may be shown, and what kept the others out."""
        market, about = self.market_, self._about(user, context)
        at = self._user_position.get(user)
        ads = market.targeting.wanted(about)
        rules = [f"{len(ads):,} of {len(market.ads.ids):,} ads want this user"]
        often = market.times_shown(at)[ads] >= self.cap
        if often.any():
            rules.append(f"{often.sum()} shown {self.cap} times within a day: left out")
        hidden = market.is_hidden(at)[ads]
        if hidden.any():
            rules.append(f"{hidden.sum()} of advertisers the user has hidden: left out")
        ads = ads[~(often | hidden)]
        return self._scored(user, ads, about), tuple(rules)

    def _kept_out(self, user: str, ad: int, about: Mapping[str, Any]) -> list[str]:
        """What keeps an ad from a user, in sentences; empty where nothing does."""
        market, at = self.market_, self._user_position.get(user)
        found = [market.targeting.reason(ad, about)]
        if market.times_shown(at)[ad] >= self.cap:
            found.append(f"shown {self.cap} times within a day")
        if market.is_hidden(at)[ad]:
            found.append("the user has hidden an ad of this advertiser")
        return [each for each in found if each]

    def _scored(self, user: str, ads: Ints, about: Mapping[str, Any]) -> Scored:
        """These ads in order, with what was computed of each."""
        market, known = self.market_, user if user in self._user_position else ""
        builder = self.served_.builder
        mine = builder.mapped(market.user_columns(about, known), market.now)
        rows = builder.rows_of_request(mine, self._mapped_ads.take(ads), market.now)
        chances = self.served_.chances(self.answering_, rows)
        hides = self.served_.hide_chances(rows)
        values = market.ads.bid[ads] * chances - self.hide_cost * hides
        order = np.lexsort((ads, -values))
        return Scored(
            ads[order], chances[order], hides[order], values[order], rows.take(order)
        )

    def _slate(
        self, user: str, found: Scored, rules: tuple[str, ...], k: int | None = None
    ) -> ExplainedSlate:
        """The first k ads that are in order."""
        return ExplainedSlate(
            ids=self.market_.ads.ids[found.ads[:k]].tolist(),
            scores=found.values[:k],
            features=found.rows.numbers[:k],
            reasons=self._reasons(found, k),
            known=user in self._user_position,
            rules=rules,
        )

    def _reasons(self, found: Scored, k: int | None) -> list[str]:
        """Chance and bid of each ad, and the columns that raise the chance most."""
        bids = self.market_.ads.bid[found.ads[:k]]
        models = self.served_.models
        name = next((n for n in ("crosses", "logistic") if n in models), None)
        names = self.served_.builder.features.names
        codes = found.rows.codes if name == "crosses" else found.rows.plain
        parts = np.zeros(codes[:k].shape)
        if name is not None:
            model: SparseLogistic = models[name]
            parts = model.contributions(codes[:k])
        reasons = []
        for chance, bid, own in zip(found.chances[:k], bids, parts, strict=True):
            best = [at for at in np.argsort(-own, kind="stable") if own[at] > 0]
            why = ", ".join(dict.fromkeys(names[at] for at in best[:N_REASONS]))
            most = f"; most for it: {why}" if why else ""
            reasons.append(f"clicked {chance:.1%} of the time, bids {bid:.2f}{most}")
        return reasons
