"""Arrays of a fitted funnel: those of its generators and of its ranker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lookalike._arrays import named
from lookalike._typing import Array
from lookalike.rank.blend import KINDS, Blend
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.ranker import Ranker


def ranker_arrays(ranker: Ranker) -> dict[str, Array]:
    """Return the arrays of a ranker by name."""
    return {f"ranker.{name}": array for name, array in ranker.arrays().items()}


def restored_ranker(kind: str, arrays: Mapping[str, Array]) -> Ranker:
    """Return the ranker of this class that was saved.

    Raises
    ------
    KeyError, ValueError
        If there is no such class, or its arrays do not belong together.
    """
    kinds: dict[str, Any] = {"Blend": Blend, **KINDS}
    found: Ranker = kinds[kind].from_arrays(named("ranker.", arrays))
    return found


def generator_arrays(generators: Sequence[CandidateGenerator]) -> dict[str, Array]:
    """Return the arrays of the generators' models by name, each model's once."""
    first = {id(each.model): each for each in reversed(generators)}
    return {
        f"{_key(each)}{name}": array
        for each in first.values()
        for name, array in each.model.arrays().items()
    }


def restored_generators(
    generators: Sequence[CandidateGenerator], arrays: Mapping[str, Array], n_items: int
) -> list[CandidateGenerator]:
    """Return unfitted generators with the models that were saved.

    Raises
    ------
    ValueError
        If a model is not of so many items.
    """
    models: dict[int, Any] = {}
    for each in generators:
        if id(each.model) not in models:
            mine, given = named(_key(each), arrays), each.model.get_params()
            model = type(each.model).from_arrays(mine, **given)
            if model.n_items_ != n_items:
                raise ValueError(f"{each.name} is not of its {n_items} items.")
            models[id(each.model)] = model
    return [replace(each, model=models[id(each.model)]) for each in generators]


def _key(generator: CandidateGenerator) -> str:
    return f"{generator.name}.".replace(" ", "_")
