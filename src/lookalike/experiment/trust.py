"""What makes a result not to be trusted, whatever it says.

Five checks, each a sentence where it fails: the ratio of the variants, the share of
units that met what differs, units that acted before they were assigned, covariates that
differ before anything happened, and variants that nobody defined.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special

from lookalike._typing import Array
from lookalike.experiment.cuped import balance_p_value, check_before
from lookalike.experiment.definition import Experiment
from lookalike.experiment.moments import Moments
from lookalike.experiment.sample_ratio import ALARM
from lookalike.experiment.units import Units

LATE = 0.001
"""Share of units that may have acted before their assignment: clocks differ."""


def faults(
    experiment: Experiment, units: Units, masks: Sequence[Array], ratio_p: float
) -> list[str]:
    """Return a sentence for each reason not to trust the result, none if it is sound.

    Parameters
    ----------
    experiment : Experiment
    units : Units
    masks : sequence of bool (n_units,)
        The units of each variant, in the order of the experiment's.
    ratio_p : float
        The least always-valid p-value of the ratio of all looks so far.

    Raises
    ------
    ValueError
        If a covariate is of after the assignment.
    """
    found = []
    counts = [int(mask.sum()) for mask in masks]
    if ratio_p < ALARM:
        meant = ", ".join(f"{share:.1%}" for share in experiment.shares)
        got = ", ".join(f"{count / sum(counts):.1%}" for count in counts)
        found.append(
            f"ratio: variants were meant to have {meant} of the units and have {got} "
            f"(p {_shown(ratio_p)}): units are lost or drawn wrongly."
        )
    found += _exposure(experiment, units, masks)
    found += _late(units)
    found += _unbalanced(experiment, units, masks)
    return found


def _exposure(
    experiment: Experiment, units: Units, masks: Sequence[Array]
) -> list[str]:
    if units.exposed is None:
        return []
    exposed = np.asarray(units.exposed, bool)
    table = np.array([[exposed[m].sum(), (~exposed[m]).sum()] for m in masks], float)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if (expected == 0).any():
        return []
    statistic = float(((table - expected) ** 2 / expected).sum())
    p = float(special.chdtrc(len(masks) - 1, statistic))
    if p >= ALARM:
        return []
    shares = ", ".join(
        f"{share:.1%} of {variant}"
        for share, variant in zip(
            table[:, 0] / table.sum(axis=1), experiment.variants, strict=True
        )
    )
    return [
        f"exposure: the share of units that met what differs is {shares} (p "
        f"{_shown(p)}): the treatment changes who is counted."
    ]


def _late(units: Units) -> list[str]:
    if units.assigned_at is None or units.first_event_at is None:
        return []
    first = np.asarray(units.first_event_at, np.float64)
    late = int((first < np.asarray(units.assigned_at, np.float64)).sum())
    if late <= LATE * len(units):
        return []
    return [
        f"late assignment: {late} of {len(units)} units acted or were exposed before "
        "they were assigned: what they did then is no effect."
    ]


def _unbalanced(
    experiment: Experiment, units: Units, masks: Sequence[Array]
) -> list[str]:
    names = sorted(
        {name for metric in experiment.metrics for name in metric.covariates}
    )
    for name in names:
        if name in units.measured_until and units.assigned_at is not None:
            check_before(name, units.measured_until[name], units.assigned_at)
    found = []
    for name in names:
        arms = [Moments.of(units.column(name)[mask]) for mask in masks]
        least = min(balance_p_value(arms[0], arm) for arm in arms[1:])
        if least * len(names) * (len(arms) - 1) < ALARM:
            found.append(
                f"covariate: {name} differs between variants (p {_shown(least)}): it "
                "is of after the assignment, or units are lost."
            )
    return found


def _shown(p: float) -> str:
    return f"{p:.2g}" if p >= 1e-6 else "below 0.000001"
