"""The table that an analysis reads: one row a unit of randomisation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats
from lookalike.experiment.arms import (
    Arm,
    mean_arm,
    quantile_arm,
    rate_arm,
    ratio_arm,
)
from lookalike.experiment.cuped import adjusted_arms
from lookalike.experiment.metrics import Metric
from lookalike.experiment.moments import Moments


@dataclass(frozen=True)
class Units:
    """Units with their variants and what they did.

    unit : (n_units,), ids; each once
    variant : (n_units,), names of variants
    columns : numbers by name, (n_units,) each; covariates of metrics too
    assigned_at : (n_units,), seconds since 1970, of the decision
    first_event_at : (n_units,), seconds, of the first exposure or outcome that counts;
        nan where there is none
    exposed : (n_units,) of bool, whether the unit met what differs
    measured_until : seconds by the name of a covariate, (n_units,) each: the last event
        in it
    labels : texts by the name of a slice, (n_units,) each

    Raises
    ------
    ValueError
        If a unit is there twice, lengths differ, a number is not finite, or a clock
        gives no time.

    Examples
    --------
    >>> Units(["a", "b", "a"], ["new", "old", "old"], {})
    Traceback (most recent call last):
    ...
    ValueError: expected one row a unit, but 1 unit is assigned twice, such as 'a' to
    new and old.
    """

    unit: Sequence[str] | Array
    variant: Sequence[str] | Array
    columns: Mapping[str, ArrayLike]
    assigned_at: ArrayLike | None = None
    first_event_at: ArrayLike | None = None
    exposed: ArrayLike | None = None
    measured_until: Mapping[str, ArrayLike] = field(default_factory=dict)
    labels: Mapping[str, ArrayLike] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.unit)
        optional = {
            "variant": self.variant,
            "assigned_at": self.assigned_at,
            "first_event_at": self.first_event_at,
            "exposed": self.exposed,
            **self.columns,
            **self.measured_until,
            **self.labels,
        }
        for name, column in optional.items():
            if column is not None and np.shape(column) != (n,):
                raise ValueError(
                    f"{name} must have one value a unit, ({n},), got shape "
                    f"{np.shape(column)}."
                )
        self._check_twice()
        if self.assigned_at is not None:
            times = np.asarray(self.assigned_at, np.float64)
            bad = int((~np.isfinite(times) | (times < 0)).sum())
            if bad:
                raise ValueError(
                    "assigned_at must be seconds since 1970, not so in "
                    f"{bad} of {n} units."
                )

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self.unit)

    def _check_twice(self) -> None:
        distinct, count = np.unique(np.asarray(self.unit), return_counts=True)
        twice = np.flatnonzero(count > 1)
        if not len(twice):
            return
        unit = distinct[twice[0]]
        at = np.flatnonzero(np.asarray(self.unit) == unit)
        variants = sorted({str(np.asarray(self.variant)[n]) for n in at})
        plural = "units are" if len(twice) > 1 else "unit is"
        raise ValueError(
            f"expected one row a unit, but {len(twice)} {plural} assigned twice, such "
            f"as {str(unit)!r} to {' and '.join(variants)}."
        )

    def column(self, name: str) -> Floats:
        """Return a column of numbers.

        Raises
        ------
        ValueError
            If there is none, or it holds what is no finite number.
        """
        if name not in self.columns:
            names = ", ".join(self.columns) or "none"
            raise ValueError(
                f"the units have the columns {names}; there is none {name!r}."
            )
        found = np.asarray(self.columns[name], np.float64)
        bad = int((~np.isfinite(found)).sum())
        if bad:
            raise ValueError(
                f"the column {name} must hold finite numbers, not so in {bad} of "
                f"{len(found)} units."
            )
        return found


def metric_arms(
    metric: Metric, units: Units, masks: Sequence[Array]
) -> tuple[tuple[Arm, ...], float]:
    """Return a metric of each group of units, and the share of variance that is left.

    Parameters
    ----------
    metric : Metric
    units : Units
    masks : sequence of bool (n_units,)
        The groups, one an arm, none of them empty.

    Returns
    -------
    arms : tuple of Arm
    variance_left : float
        1 without covariates, see :class:`lookalike.experiment.Adjusted`.

    Raises
    ------
    ValueError
        If a column is missing or bad, a rate is not of 0 and 1, or a group is empty.
    """
    columns = [units.column(name) for name in (*metric.columns, *metric.covariates)]
    if metric.kind == "rate" and not np.isin(columns[0], (0.0, 1.0)).all():
        raise ValueError(
            f"the column {metric.columns[0]} of the rate {metric.name} must hold 0 and "
            "1 alone."
        )
    if metric.kind == "quantile":
        assert metric.quantile is not None
        return tuple(quantile_arm(columns[0][m], metric.quantile) for m in masks), 1.0
    moments = [Moments.of(*(column[mask] for column in columns)) for mask in masks]
    if metric.covariates:
        found = adjusted_arms(moments, metric.kind == "ratio")
        return found.arms, found.variance_left
    if metric.kind == "rate":
        return tuple(rate_arm(m.n, round(m.n * float(m.mean[0]))) for m in moments), 1.0
    make = ratio_arm if metric.kind == "ratio" else mean_arm
    return tuple(make(m) for m in moments), 1.0
