"""Why an item stands where it does in a user's list: the same for every recommender."""

from typing import Any, Protocol

from lookalike.core.contracts import Ranks, Recommends


class _RecommendsAndRanks(Recommends, Ranks, Protocol):
    pass


class ExplainsListedItems:
    """The capability "explain_item" of systems that recommend and rank."""

    def explain_item(
        self: _RecommendsAndRanks, query: str, id: str, k: int = 10
    ) -> dict[str, Any]:
        """Return rank, score, reasons and features of an item in a user's list of k.

        An item that is not in the list has no rank; its score is then that of
        ``rank_items``.

        Raises
        ------
        LookupError
            If there is no item of this id.
        """
        [found] = self.recommend_each([query], k)
        at = found.ids.index(id) if id in found.ids else None
        if at is None:
            try:
                one = self.rank_items(query, [id])
            except ValueError:
                raise LookupError("There is no item of this id.") from None
        else:
            one = found.take([at])
        [record] = one.records()
        features = one.features[0].tolist()
        shown = {k: v for k, v in record.items() if not k.startswith("reason")}
        return {
            **shown,
            "reasons": one.reasons,
            "reason_codes": one.reason_codes,
            "rank": None if at is None else at + 1,
            "known": one.known,
            "features": dict(zip(self.feature_names, features, strict=True)),
            "rules": list(found.rules),
        }
