"""What an experiment is: its variants, who is in it, and what it is judged by.

Everything is written down before the first unit is assigned, and nothing that decides
who sees what, or what is judged, changes while it runs: a change is a new version,
whose salt draws all units anew. The one exception is the ramp, ``coverage``, which may
rise.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

from lookalike.experiment.metrics import Metric

BUCKETS = 1000
"""Buckets of a layer: the least share of its units that can be given away."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
_UNITS = ("user", "session", "query")
METHODS = ("fixed", "group_sequential", "always_valid")
"""Ways to look at the result, see ``lookalike.experiment.sequential``."""


@dataclass(frozen=True)
class Holdout:
    """A share of all units that no experiment gets.

    key : the name of the holdout, its salt
    share : in [0, 1)
    """

    key: str
    share: float

    def __post_init__(self) -> None:
        _check_name("the key of a holdout", self.key)
        if not _is_number(self.share) or not 0 <= self.share < 1:
            raise ValueError(
                "the share of a holdout must be at least 0 and less than 1, got "
                f"{self.share!r}."
            )


@dataclass(frozen=True)
class Experiment:
    """An experiment, complete and unchanging.

    Parameters
    ----------
    key : str
        Its name: letters, digits, dot, dash, underscore, space.
    variants : tuple of str
        At least two; the first is the control.
    metrics : tuple of Metric
        What it is judged by, see :class:`lookalike.experiment.Metric`.
    weights : tuple of float, optional
        Share of each variant, above 0, with the sum 1; None is equal shares.
    coverage : float, default=1
        Share of the units of its buckets that are in, in [0, 1]: the ramp.
    unit : {"user", "session", "query"}, default="user"
        What is assigned.
    layer : str, default="default"
    buckets : (int, int), default=(0, 1000)
        The buckets of the layer that are the experiment's, from the first up to but not
        including the second.
    holdout : Holdout, optional
    version : int, default=1
    method : {"group_sequential", "fixed", "always_valid"}
        How it is looked at, see ``lookalike.experiment.sequential``.
    alpha : float, default=0.05
        The probability of a false "better" or "worse" of a metric, in (0, 0.5).
    power : float, default=0.8
    planned_units : int, optional
        Units after which it is over, all variants together: the size of the design.
    slices : tuple of str
        Columns within which the effect may be asked for. What is not named here is
        refused later.

    Raises
    ------
    ValueError
        One sentence for the first fault.

    Examples
    --------
    >>> clicks = Metric("clicks", "rate")
    >>> test = Experiment("new ranker", ("control", "trees"), (clicks,))
    >>> test.salt, test.weights
    ('new ranker.1', (0.5, 0.5))
    >>> Experiment.from_json(test.to_json()) == test
    True
    >>> Experiment("new ranker", ("control",), (clicks,))
    Traceback (most recent call last):
    ...
    ValueError: an experiment must have at least two variants, got ('control',).
    """

    key: str
    variants: tuple[str, ...]
    metrics: tuple[Metric, ...]
    weights: tuple[float, ...] | None = None
    coverage: float = 1.0
    unit: str = "user"
    layer: str = "default"
    buckets: tuple[int, int] = (0, BUCKETS)
    holdout: Holdout | None = None
    version: int = 1
    method: str = "group_sequential"
    alpha: float = 0.05
    power: float = 0.8
    planned_units: int | None = None
    slices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_name("the key of an experiment", self.key)
        _check_name("the layer", self.layer)
        self._check_variants()
        if not _is_number(self.coverage) or not 0 <= self.coverage <= 1:
            raise ValueError(
                f"coverage must be a number from 0 to 1, got {self.coverage!r}."
            )
        if self.unit not in _UNITS:
            raise ValueError(
                f"unit must be one of {', '.join(_UNITS)}, got {self.unit!r}."
            )
        first, last = _whole_pair(self.buckets)
        if not 0 <= first < last <= BUCKETS:
            raise ValueError(
                f"buckets must be two whole numbers, 0 <= first < last <= {BUCKETS}, "
                f"got {self.buckets!r}."
            )
        if not _is_whole(self.version) or self.version < 1:
            raise ValueError(
                f"version must be a whole number of at least 1, got {self.version!r}."
            )
        self._check_analysis()

    def _check_variants(self) -> None:
        if len(self.variants) < 2:
            raise ValueError(
                f"an experiment must have at least two variants, got {self.variants!r}."
            )
        for variant in self.variants:
            _check_name("a variant", variant)
        if len(set(self.variants)) < len(self.variants):
            raise ValueError(f"variants must differ, got {self.variants!r}.")
        if self.weights is None:
            equal = (1 / len(self.variants),) * len(self.variants)
            object.__setattr__(self, "weights", equal)
        weights = self.weights or ()
        if len(weights) != len(self.variants):
            raise ValueError(
                f"weights must be one number a variant, {len(self.variants)}, got "
                f"{len(weights)}."
            )
        if not all(_is_number(weight) and weight > 0 for weight in weights):
            raise ValueError(f"weights must be above 0, got {weights!r}.")
        if abs(sum(weights) - 1) > 1e-9:
            raise ValueError(f"weights must have the sum 1, got {sum(weights):g}.")

    def _check_analysis(self) -> None:
        names = [metric.name for metric in self.metrics]
        if len(set(names)) < len(names):
            raise ValueError(f"metrics must have different names, got {names!r}.")
        if self.method not in METHODS:
            raise ValueError(
                f"method must be one of {', '.join(METHODS)}, got {self.method!r}."
            )
        for name, low, high in (("alpha", 0.0, 0.5), ("power", 0.5, 1.0)):
            value = getattr(self, name)
            if not _is_number(value) or not low < value < high:
                raise ValueError(
                    f"{name} must be between {low:g} and {high:g}, got {value!r}."
                )
        planned = self.planned_units
        if planned is not None and (not _is_whole(planned) or planned < 2):
            raise ValueError(
                "planned_units must be a whole number of at least 2 or None, got "
                f"{planned!r}."
            )

    @property
    def salt(self) -> str:
        """What the units are hashed with: the key and the version."""
        return f"{self.key}.{self.version}"

    @property
    def control(self) -> str:
        """The variant that the others are compared with."""
        return self.variants[0]

    @property
    def shares(self) -> tuple[float, ...]:
        """The weight of each variant."""
        assert self.weights is not None  # set where it was None
        return self.weights

    @cached_property
    def parts(self) -> tuple[tuple[str, int, int], ...]:
        """Each variant with the hashes that it owns, from the first to the last."""
        found, begin = [], 0.0
        for variant, weight in zip(self.variants, self.shares, strict=True):
            end = begin + self.coverage * weight
            found.append((variant, round(begin * 2**32), round(end * 2**32)))
            begin += weight
        return tuple(found)

    def metric(self, name: str) -> Metric:
        """Return a metric by its name.

        Raises
        ------
        ValueError
            If there is none; the sentence lists those that there are.
        """
        for metric in self.metrics:
            if metric.name == name:
                return metric
        names = ", ".join(metric.name for metric in self.metrics) or "none"
        raise ValueError(
            f"the experiment {self.key} has the metrics {names}; got {name!r}."
        )

    def ramped(self, coverage: float) -> "Experiment":
        """Return the same experiment with another coverage, which moves nobody."""
        return replace(self, coverage=coverage)

    def next_version(self, **changes: Any) -> "Experiment":
        """Return a changed experiment under the next version, which draws all anew."""
        return replace(self, **changes, version=self.version + 1)

    def to_json(self) -> str:
        """Return the experiment as a JSON text, for ``from_json``."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Experiment":
        """Return the experiment of a JSON text.

        Raises
        ------
        ValueError
            If it is no JSON object, lacks a field, or has one that is unknown.
        """
        try:
            found = json.loads(text)
        except ValueError as error:
            raise ValueError(f"expected an experiment in JSON, got {error}.") from None
        _check_fields("an experiment", found, cls)
        metrics = found["metrics"]
        if not isinstance(metrics, list):
            raise ValueError(f"metrics must be a list, got {metrics!r}.")
        found["metrics"] = tuple(_metric_of(metric) for metric in metrics)
        if found.get("holdout") is not None:
            _check_fields("a holdout", found["holdout"], Holdout)
            found["holdout"] = Holdout(**found["holdout"])
        for name in ("variants", "weights", "buckets", "slices"):
            found |= _as_tuple("an experiment", found, name)
        return cls(**found)


def check_change(running: Experiment, new: Experiment) -> None:
    """Refuse a change of a running experiment, but for a coverage that rises.

    Raises
    ------
    ValueError
        If anything else differs under the same version, or the coverage falls.

    Examples
    --------
    >>> test = Experiment("a", ("x", "y"), (), coverage=0.1)
    >>> check_change(test, test.ramped(0.5))
    >>> check_change(test, test.next_version(weights=(0.9, 0.1)))
    >>> check_change(test, Experiment("a", ("x", "y"), (), weights=(0.9, 0.1)))
    Traceback (most recent call last):
    ...
    ValueError: experiment a is running: weights cannot change in version 1; start
    version 2.
    """
    if new.key != running.key:
        raise ValueError(
            f"expected a change of the experiment {running.key}, got {new.key}."
        )
    if new.version > running.version:
        return
    if new.version < running.version:
        raise ValueError(
            f"experiment {running.key} is at version {running.version}; expected a "
            f"later one, got {new.version}."
        )
    changed = [
        field.name
        for field in fields(Experiment)
        if field.name != "coverage"
        and getattr(new, field.name) != getattr(running, field.name)
    ]
    if new.coverage < running.coverage:
        changed.append("coverage, which would send units away,")
    if changed:
        raise ValueError(
            f"experiment {running.key} is running: {', '.join(changed)} cannot change "
            f"in version {running.version}; start version {running.version + 1}."
        )


def _metric_of(found: Any) -> Metric:
    _check_fields("a metric", found, Metric)
    return Metric(**{**found, **_as_tuple("a metric", found, "covariates")})


def _as_tuple(what: str, found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A field that is a list in JSON, as a tuple; nothing where it is left out."""
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} of {what} must be a list, got {value!r}.")
    return {name: tuple(value)}


def _check_fields(what: str, found: Any, cls: type) -> None:
    if not isinstance(found, Mapping):
        raise ValueError(f"{what} must be a JSON object, got {found!r}.")
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(found) - known)
    if unknown:
        raise ValueError(f"{what} has no field {', '.join(unknown)}.")
    needed = {"Experiment": ("key", "variants", "metrics"), "Metric": ("name", "kind")}
    missing = [n for n in needed.get(cls.__name__, ("key", "share")) if n not in found]
    if missing:
        raise ValueError(f"{what} needs the field {', '.join(missing)}.")


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{what} must be 1 to 100 letters, digits, dots, dashes, underscores or "
            f"spaces, got {name!r}."
        )


def _is_number(value: object) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value)  # type: ignore[arg-type]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole_pair(value: object) -> tuple[int, int]:
    if isinstance(value, tuple) and len(value) == 2 and all(map(_is_whole, value)):
        return value
    return (0, 0)
