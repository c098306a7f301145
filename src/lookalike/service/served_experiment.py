"""What a service serves of an experiment: which generation each variant is.

Four kinds have the same rows and the same way to be served:

- ``ab``: each unit sees one variant, always the same one;
- ``interleaving``: each list is drafted from the lists of two variants;
- ``canary``: a share of the requests goes to a new generation, which takes over once it
  has passed and is given up as soon as it is worse;
- ``shadow``: a share of the requests is answered a second time, by a generation that
  nobody is shown, and the two answers are compared.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lookalike.experiment import Experiment
from lookalike.monitor.canary import CanaryPlan

KINDS = ("ab", "interleaving", "canary", "shadow")
RUNNING = "running"
CONTROL = "control"
SLOW = 500.0
"""Milliseconds after which an answer counts as slow, unless an experiment says."""
_SIGNALS = ("errors", "slow")


@dataclass(frozen=True)
class ServedExperiment:
    """An experiment on one system, complete and unchanging but for its coverage.

    Parameters
    ----------
    design : Experiment
        Who is in it, and what it is judged by.
    system : str
    kind : {"ab", "interleaving", "canary", "shadow"}
    generations : mapping of str to str
        The generation of a variant. A variant without one is whatever answers.
    plan : CanaryPlan, optional
        Of a canary.
    slow_ms : float
        Milliseconds after which an answer counts as slow, above 0.
    answering : str, optional
        The generation that answered when a canary began. If another one does
        meanwhile, the canary ends.

    Raises
    ------
    ValueError
        If the kind is unknown, a generation is of no variant, or kind and variants do
        not fit.

    Examples
    --------
    >>> test = canary("new trees", "shop", "0002", share=0.2)
    >>> test.design.variants, test.design.weights, test.generations
    (('control', 'canary'), (0.8, 0.2), {'canary': '0002'})
    >>> ServedExperiment.from_json(test.to_json()) == test
    True
    """

    design: Experiment
    system: str
    kind: str = "ab"
    generations: Mapping[str, str] = field(default_factory=dict)
    plan: CanaryPlan | None = None
    slow_ms: float = SLOW
    answering: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}."
            )
        is_number = isinstance(self.slow_ms, int | float)
        if not is_number or not self.slow_ms > 0:
            raise ValueError(f"slow_ms must be above 0, got {self.slow_ms!r}.")
        unknown = sorted(set(self.generations) - set(self.design.variants))
        if unknown:
            raise ValueError(
                f"generations are of {', '.join(self.design.variants)}; there is no "
                f"variant {unknown[0]!r}."
            )
        if self.kind == "ab":
            return
        if len(self.design.variants) != 2:
            raise ValueError(
                f"an experiment of the kind {self.kind} has two variants, got "
                f"{len(self.design.variants)}."
            )
        if self.design.variants[1] not in self.generations:
            raise ValueError(
                f"the variant {self.design.variants[1]} needs a generation: "
                f"{self.kind} compares two."
            )

    @property
    def key(self) -> str:
        """The name of the experiment."""
        return self.design.key

    @property
    def treatment(self) -> str:
        """The second variant, which the control is compared with."""
        return self.design.variants[1]

    def to_json(self) -> str:
        """Return a JSON text, for ``from_json``."""
        found = {
            "design": json.loads(self.design.to_json()),
            "system": self.system,
            "kind": self.kind,
            "generations": dict(self.generations),
            "plan": None if self.plan is None else asdict(self.plan),
            "slow_ms": self.slow_ms,
            "answering": self.answering,
        }
        return json.dumps(found, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "ServedExperiment":
        """Return the experiment of a JSON text that ``to_json`` has made."""
        found = json.loads(text)
        found["design"] = Experiment.from_json(json.dumps(found["design"]))
        if found["plan"] is not None:
            signals = tuple(found["plan"]["signals"])
            found["plan"] = CanaryPlan(**{**found["plan"], "signals": signals})
        return cls(**found)


def ab(
    key: str,
    system: str,
    design: Mapping[str, Any],
    generations: Mapping[str, str],
    *,
    slow_ms: float = SLOW,
    version: int = 1,
) -> ServedExperiment:
    """Return one that shows each unit one variant.

    design : the other fields of ``Experiment``, as JSON has them
    """
    if repeated := sorted({"key", "version"} & set(design)):
        raise ValueError(
            f"design has no field {repeated[0]}: it stands beside the design."
        )
    whole = {**design, "key": key, "version": version}
    found = Experiment.from_json(json.dumps(whole))
    return ServedExperiment(found, system, "ab", generations, slow_ms=slow_ms)


def interleaving(
    key: str,
    system: str,
    generation: str,
    *,
    coverage: float = 1.0,
    slow_ms: float = SLOW,
    version: int = 1,
) -> ServedExperiment:
    """Return one that drafts lists from what answers and from another generation."""
    design = _of_two(key, "other", version, coverage=coverage)
    of = {"other": generation}
    return ServedExperiment(design, system, "interleaving", of, slow_ms=slow_ms)


def canary(
    key: str,
    system: str,
    generation: str,
    *,
    share: float = 0.1,
    requests: int = 3000,
    deadline: float = 86_400.0,
    false_abort: float = 0.01,
    slow_ms: float = SLOW,
    version: int = 1,
) -> ServedExperiment:
    """Return one that sends a share of the requests to a generation.

    The parameters are those of ``CanaryPlan``; an answer is bad if it failed, or if it
    took longer than ``slow_ms`` milliseconds.
    """
    plan = CanaryPlan(share, requests, _SIGNALS, false_abort, deadline)
    design = _of_two(key, "canary", version, weights=(1 - share, share))
    of = {"canary": generation}
    return ServedExperiment(design, system, "canary", of, plan, slow_ms)


def shadow(
    key: str,
    system: str,
    generation: str,
    *,
    share: float = 0.1,
    slow_ms: float = SLOW,
    version: int = 1,
) -> ServedExperiment:
    """Return one that answers a share of the requests a second time, unseen."""
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share!r}.")
    design = _of_two(key, "shadow", version, coverage=share)
    of = {"shadow": generation}
    return ServedExperiment(design, system, "shadow", of, slow_ms=slow_ms)


def _of_two(key: str, treatment: str, version: int, **fields: Any) -> Experiment:
    """An experiment on single requests that is judged by no metric."""
    variants = (CONTROL, treatment)
    return Experiment(key, variants, (), unit="query", version=version, **fields)
