"""What a generation says of its system: the typed contents of ``system.json``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from lookalike.core.evaluation import EvaluationResult


@dataclass(frozen=True)
class Manifest:
    """How a system was made, and how good it was found to be; ready for JSON."""

    configuration: dict[str, Any]
    """Parameters of the constructor that answers depend on."""
    data: dict[str, Any]
    """Name and checksum of the data that was learned from, how it was read, and which
    of a service's own events are in it."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the card tells beside: counts, times, what was found while learning."""
    measured: list[str] = field(default_factory=list)
    """Names of the facts that an evaluation found."""
    refitted: bool = False
    """Whether the system also knows what was held out to measure it."""
    metrics: dict[str, Any] = field(default_factory=dict)
    comparisons: dict[str, Any] = field(default_factory=dict)
    embedding_version: str = ""
    """Differs between any two embeddings; "" where there is none."""
    quality: dict[str, Any] | None = None
    """See :class:`~lookalike.core.evaluation.EvaluationResult`."""
    state: dict[str, Any] = field(default_factory=dict)
    """What the system itself needs to read its arrays again."""

    def with_evaluation(self, result: EvaluationResult | None) -> Self:
        """Return the manifest with the numbers of an evaluation."""
        if result is None:
            return self
        facts = {**self.without_evaluation().facts, **result.facts}
        return replace(self, facts=facts, **result.document())

    def without_evaluation(self) -> Self:
        """Return the manifest of a system that has changed since it was measured."""
        facts = {k: v for k, v in self.facts.items() if k not in self.measured}
        return replace(
            self, facts=facts, measured=[], metrics={}, comparisons={}, quality=None
        )

    def document(self) -> dict[str, Any]:
        """Return everything as one mapping."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the manifest that a document holds.

        Raises
        ------
        KeyError
            If a part of it is missing.
        """
        whole = {"measured": [], "refitted": False, **document}  # older ones lack them
        return cls(**{each.name: whole[each.name] for each in fields(cls)})
