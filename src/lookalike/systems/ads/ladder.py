"""The models of a click, from the plainest to the deepest, and which can be learned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from lookalike._arrays import named
from lookalike._typing import Array, Floats
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.embedding_ranker import EmbeddingRanker
from lookalike.rank.factorisation_machine import FactorisationMachine
from lookalike.rank.leaf_logistic import LeafLogistic
from lookalike.rank.sparse_logistic import SparseLogistic
from lookalike.systems.ads.rows import ClickRows, RowBuilder

BLEND = "blend"
BLENDED = ("crosses", "fm")
"""The mean of the log-odds of these two is better than each on validation parts."""


@dataclass(frozen=True)
class Rung:
    """A model, and which of the rows it takes.

    takes : "plain" codes, "codes" with crosses, "numbers", or "both", numbers first
    make : of the builder, the seed and the threads
    needs : the package that learning needs
    """

    takes: str
    make: Callable[..., Any]
    kind: Any
    needs: str | None = None

    def rows(self, rows: ClickRows) -> Array:
        """The part of the rows that the model takes."""
        if self.takes == "both":
            return np.hstack([rows.numbers, rows.plain])
        return {"plain": rows.plain, "codes": rows.codes, "numbers": rows.numbers}[
            self.takes
        ]


RUNGS: dict[str, Rung] = {
    "logistic": Rung(
        "plain",
        lambda b, seed, jobs: SparseLogistic(b.features.n_own, alpha=6.0),
        SparseLogistic,
    ),
    "crosses": Rung(
        "codes",
        lambda b, seed, jobs: SparseLogistic(b.features.n_codes, alpha=6.0),
        SparseLogistic,
    ),
    "boosted": Rung(
        "numbers",
        lambda b, seed, jobs: BoostedRanker(
            150,
            num_leaves=15,
            min_child_samples=100,
            random_state=seed,
            n_jobs=jobs,
        ),
        BoostedRanker,
    ),
    "leaves": Rung(
        "both",
        lambda b, seed, jobs: LeafLogistic(
            len(b.features.number_names),
            b.features.n_own,
            random_state=seed,
            n_jobs=jobs,
        ),
        LeafLogistic,
    ),
    "fm": Rung(
        "plain",
        lambda b, seed, jobs: FactorisationMachine(b.features.n_own, random_state=seed),
        FactorisationMachine,
    ),
}
for _name, _structure in (
    ("cross", "stacked"),
    ("cross_parallel", "parallel"),
    ("deepfm", "deepfm"),
):
    RUNGS[_name] = Rung(
        "plain",
        lambda b, seed, jobs, structure=_structure: EmbeddingRanker(
            b.features.n_own, structure, random_state=seed, n_jobs=jobs
        ),
        EmbeddingRanker,
        "torch",
    )
FEW = ("logistic", "crosses", "boosted", "fm")


def rung_names(compare: str) -> list[str]:
    """Return names of the models to learn; of "few" and "all" those installed.

    compare : "few", "all", or names with commas between them

    Raises
    ------
    ValueError
        If one is not known.
    """
    if compare in ("few", "all"):
        names = FEW if compare == "few" else tuple(RUNGS)
        return [n for n in names if (p := RUNGS[n].needs) is None or find_spec(p)]
    names_given = [name.strip() for name in compare.split(",")]
    for name in names_given:
        if name not in RUNGS:
            raise ValueError(
                f"compare must be few, all, or some of {', '.join(RUNGS)}; got "
                f"{name!r}."
            )
    return list(dict.fromkeys(names_given))


def answering_names(names: list[str]) -> list[str]:
    """Return what can answer: the models, and the blend where both parts are there."""
    return [*names, BLEND] if set(BLENDED) <= set(names) else names


def fit_rung(
    name: str,
    builder: RowBuilder,
    rows: ClickRows,
    clicked: Array,
    seed: int = 0,
    n_jobs: int | None = None,
    weight: Floats | None = None,
) -> Any:
    """Return the model of this name, fitted to these rows."""
    rung = RUNGS[name]
    model = rung.make(builder, seed, n_jobs)
    return model.fit(rung.rows(rows), clicked, sample_weight=weight)


def log_odds(models: Mapping[str, Any], name: str, rows: ClickRows) -> Floats:
    """Return the log-odds of a click by one of the models, or by the blend."""
    names = BLENDED if name == BLEND else (name,)
    found = [models[n].score_rows(RUNGS[n].rows(rows)) for n in names]
    total: Floats = sum(found[1:], found[0]) / len(found)
    return total


def arrays_of_models(models: Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays of all models, by model and name."""
    return {
        f"{name}.{part}": array
        for name, model in models.items()
        for part, array in model.arrays().items()
    }


def models_of(arrays: Mapping[str, Array], names: list[str]) -> dict[str, Any]:
    """Return the models that these arrays were taken from."""
    return {
        name: RUNGS[name].kind.from_arrays(named(f"{name}.", arrays)) for name in names
    }
