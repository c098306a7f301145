"""What an experiment is judged by: the definition of a metric.

A metric is read from one row a unit of randomisation. What a unit did several times
(the queries of a user) is a *ratio* metric, the sum of one column over the sum of
another: its units are users, and its variance is theirs. Taking each query for a unit
instead finds differences where there are none [1]_.

References
----------
.. [1] Deng, Knoblich and Lu (2018). "Applying the delta method in metric analytics: a
   practical guide with novel ideas". KDD.
"""

import math
from dataclasses import dataclass

KINDS = ("mean", "rate", "ratio", "quantile")
ROLES = ("goal", "guardrail", "secondary")


@dataclass(frozen=True)
class Metric:
    """One number of each variant, and what is wanted of it.

    Parameters
    ----------
    name : str
    kind : {"mean", "rate", "ratio", "quantile"}
        The mean of a column over units; the share of units whose column is 1, the
        others 0; the sum of a column over the sum of another; or a quantile of a column
        over units.
    column : str, optional
        The column of the table of units; None is the metric's name.
    denominator : str, optional
        The second column of a ratio, as the number of queries of a user.
    quantile : float, optional
        Which quantile, in (0, 1), such as 0.99 of a latency.
    better : {"up", "down"}, default="up"
        Which way is good.
    role : {"goal", "guardrail", "secondary"}, default="goal"
        A goal decides; a guardrail must not get worse by more than its margin; a
        secondary metric is told, under false discovery control.
    margin : float, optional
        Of a guardrail: the greatest relative worsening that is no harm, such as 0.02.
    covariates : tuple of str
        Columns that were known before the assignment, which lower the variance (CUPED).

    Raises
    ------
    ValueError
        One sentence for the first fault.

    Examples
    --------
    >>> Metric("click rate", "ratio", "clicks", denominator="queries").columns
    ('clicks', 'queries')
    >>> Metric("latency", "quantile", quantile=0.99, better="down", role="guardrail")
    Traceback (most recent call last):
    ...
    ValueError: the guardrail latency needs a margin above 0, such as 0.02 for 2% worse;
    got None.
    """

    name: str
    kind: str
    column: str | None = None
    denominator: str | None = None
    quantile: float | None = None
    better: str = "up"
    role: str = "goal"
    margin: float | None = None
    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"a metric must have a name, got {self.name!r}.")
        for name, choices in (
            ("kind", KINDS),
            ("role", ROLES),
            ("better", ("up", "down")),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} of the metric {self.name} must be one of "
                    f"{', '.join(choices)}, got {getattr(self, name)!r}."
                )
        if (self.denominator is not None) != (self.kind == "ratio"):
            raise ValueError(
                f"the metric {self.name} must have a denominator if it is a ratio and "
                f"none else, got {self.denominator!r} for a {self.kind}."
            )
        is_quantile = self.kind == "quantile"
        if (self.quantile is not None) != is_quantile or (
            is_quantile and not _is_between(self.quantile, 0, 1)
        ):
            raise ValueError(
                f"the metric {self.name} must have a quantile in (0, 1) if its kind is "
                f"quantile and none else, got {self.quantile!r} for a {self.kind}."
            )
        is_guardrail = self.role == "guardrail"
        if is_guardrail and not _is_between(self.margin, 0, math.inf):
            raise ValueError(
                f"the guardrail {self.name} needs a margin above 0, such as 0.02 for "
                f"2% worse; got {self.margin!r}."
            )
        if not is_guardrail and self.margin is not None:
            raise ValueError(
                f"only a guardrail has a margin, got {self.margin!r} for the "
                f"{self.role} {self.name}."
            )
        if is_quantile and self.covariates:
            raise ValueError(
                f"a quantile takes no covariates, got {self.covariates!r} for "
                f"{self.name}."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is made of, without its covariates."""
        first = self.name if self.column is None else self.column
        return (first,) if self.denominator is None else (first, self.denominator)

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.better == "up" else -1


def _is_between(value: object, low: float, high: float) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and low < value < high  # type: ignore[operator]
