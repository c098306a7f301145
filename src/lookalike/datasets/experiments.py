"""Experiments that were really run: headlines of Upworthy, tests of ASOS, e-mails.

References
----------
.. [1] Matias, Munger, Aubin Le Quere and Ebersole (2021). "The Upworthy Research
   Archive, a time series of 32,487 experiments in U.S. media". Scientific Data 8.
.. [2] Liu, Cardoso, Couturier and McCoy (2021). "Datasets for online controlled
   experiments". NeurIPS Datasets and Benchmarks.
.. [3] Hillstrom (2008). "The MineThatData e-mail analytics and data mining challenge".
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.locate import find
from lookalike.datasets.tables import read_table

FAULTY_WEEKS = (201325, 201401)
"""First and last week in which Upworthy's tests were probably not randomised: a cache
gave visitors the packages of others (2013-06-25 to 2014-01-10, as the archive says)."""
_UPWORTHY = ("clickability_test_id", "headline", "impressions", "clicks", "test_week")
_ASOS = (
    *("experiment_id", "variant_id", "metric_id", "time_since_start"),
    *("count_c", "count_t", "mean_c", "mean_t", "variance_c", "variance_t"),
)
_HILLSTROM_NUMBERS = (
    *("recency", "history", "mens", "womens", "newbie"),
    *("visit", "conversion", "spend"),
)
_HILLSTROM_LABELS = ("history_segment", "zip_code", "channel")


@dataclass(frozen=True)
class HeadlineTests:
    """Packages (a headline and a picture), each shown to its part of the visitors.

    test : int64 (n_packages,), number of the test from 0; packages of one are adjacent
    week : int64 (n_packages,), year and week of the test, such as 201446
    impressions, clicks : int64 (n_packages,)
    headline : (n_packages,), texts
    """

    test: Ints
    week: Ints
    impressions: Ints
    clicks: Ints
    headline: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of tests."""
        return int(self.test[-1]) + 1

    def tests(self) -> Iterator[slice]:
        """Yield the rows of each test."""
        stops = np.flatnonzero(np.diff(self.test, append=-1)) + 1
        start = 0
        for stop in stops.tolist():
            yield slice(start, stop)
            start = stop

    @property
    def is_faulty(self) -> Array:
        """Whether each package's week is one of the documented fault, (n_packages,)."""
        found: Array = (self.week >= FAULTY_WEEKS[0]) & (self.week <= FAULTY_WEEKS[1])
        return found


@dataclass(frozen=True)
class RunningTotals:
    """Looks at A/B tests: what each arm had reached so far, one metric a row.

    experiment : (n_rows,), names
    variant, metric : int64 (n_rows,)
    days : float64 (n_rows,), since the start
    count, mean, variance : float64 (n_rows, 2), of control and treatment; nan where
        the publisher has none
    """

    experiment: Array
    variant: Ints
    metric: Ints
    days: Floats
    count: Floats
    mean: Floats
    variance: Floats


@dataclass(frozen=True)
class EmailTest:
    """Customers who were sent one of two e-mails, or none.

    arm : (n_customers,), "Mens E-Mail", "Womens E-Mail" or "No E-Mail"
    columns : numbers by name, float64 (n_customers,): ``visit``, ``conversion`` and
        ``spend`` of the two weeks after; all others of before
    labels : texts by name, (n_customers,) each, of before
    """

    arm: Array
    columns: dict[str, Floats]
    labels: dict[str, Array]


def load_upworthy(path: str | os.PathLike[str] | None = None) -> HeadlineTests:
    """Load the exploratory part of the Upworthy Research Archive: 4,873 tests [1]_.

    Parameters
    ----------
    path : path, default=None
        The Parquet file; None looks where :func:`lookalike.datasets.find` looks. It
        needs pyarrow, of the extra ``serve``.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    return read_upworthy(find("upworthy", path))


def read_upworthy(file: str | os.PathLike[str]) -> HeadlineTests:
    """Read a file of the form that ``load_upworthy`` loads.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    table = read_table(file, _UPWORTHY)
    _, test = table.name_codes("clickability_test_id")
    order = np.argsort(test, kind="stable")
    whole = {
        name: table.numbers(name).astype(np.int64)[order]
        for name in ("test_week", "impressions", "clicks")
    }
    headlines = table.columns["headline"]
    return HeadlineTests(
        test[order],
        whole["test_week"],
        whole["impressions"],
        whole["clicks"],
        tuple(headlines[n] for n in order),
    )


def load_asos(path: str | os.PathLike[str] | None = None) -> RunningTotals:
    """Load ASOS' digital experiments: 78 tests, 24,153 looks at four metrics [2]_.

    Parameters
    ----------
    path : path, default=None
        The Parquet file; None looks where :func:`lookalike.datasets.find` looks. It
        needs pyarrow, of the extra ``serve``.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    return read_asos(find("asos", path))


def read_asos(file: str | os.PathLike[str]) -> RunningTotals:
    """Read a file of the form that ``load_asos`` loads.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    table = read_table(file, _ASOS)
    pairs = {
        name: np.stack(
            [table.reals(f"{name}_{arm}", empty=True) for arm in "ct"], axis=1
        )
        for name in ("count", "mean", "variance")
    }
    return RunningTotals(
        np.array(table.columns["experiment_id"]),
        table.numbers("variant_id").astype(np.int64),
        table.numbers("metric_id").astype(np.int64),
        table.numbers("time_since_start"),
        pairs["count"],
        pairs["mean"],
        pairs["variance"],
    )


def load_hillstrom(path: str | os.PathLike[str] | None = None) -> EmailTest:
    """Load Hillstrom's e-mail challenge: 64,000 customers in three arms [3]_.

    Parameters
    ----------
    path : path, default=None
        The CSV file; None looks where :func:`lookalike.datasets.find` looks.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    return read_hillstrom(find("hillstrom", path))


def read_hillstrom(file: str | os.PathLike[str]) -> EmailTest:
    """Read a file of the form that ``load_hillstrom`` loads.

    Raises
    ------
    ValueError
        If the file is no such table.
    """
    names = (*_HILLSTROM_NUMBERS, *_HILLSTROM_LABELS, "segment")
    table = read_table(file, names)
    return EmailTest(
        np.array(table.columns["segment"]),
        {name: table.numbers(name) for name in _HILLSTROM_NUMBERS},
        {name: np.array(table.columns[name]) for name in _HILLSTROM_LABELS},
    )
