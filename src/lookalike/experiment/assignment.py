"""Which variant a unit sees: a salted hash, in layers, with holdouts and a ramp.

A unit (a user, a session, a query) is hashed together with a salt to a whole number
below 2**32: the first eight hexadecimal digits of the MD5 of ``salt:unit`` in UTF-8.
The numbers of one unit under two salts are as good as independent, so that nothing is
stored and every worker gives the same answer.

MD5 because PostgreSQL has it built in, and Python's standard library too; SQLite lets
a program register it (``register_md5``). Nothing here is a secret, and MD5 spreads
texts evenly, which is all that is asked of it. Every threshold is a whole number, so
that Python and SQL cannot differ in a last digit.

Three questions decide, each with a hash of its own:

1. Is the unit in the holdout? Then it is in no experiment.
2. Is its bucket of the layer among the experiment's? Experiments of one layer have
   buckets of their own and never share a unit; layers have salts of their own, so that
   experiments of two layers are independent.
3. Which variant? Variant i owns the part [c_i, c_i + coverage * w_i) of [0, 1), where
   c_i is the sum of the weights before it. Raising the coverage widens each part where
   it ends, so that nobody who is in changes the variant or leaves.

References
----------
.. [1] Tang, Agarwal, O'Brien and Meyer (2010). "Overlapping experiment infrastructure:
   more, better, faster experimentation". KDD. (layers)
.. [2] GrowthBook, "Build your own SDK". (parts that a coverage widens)
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from itertools import pairwise

from lookalike.experiment.definition import BUCKETS, Experiment, Holdout

HASHES = 2**32
"""Hashes are whole numbers from 0 to this, exclusive."""
DIALECTS = ("postgresql", "sqlite")


def unit_hash(salt: str, unit: str) -> int:
    """Return the hash of a unit under a salt, a whole number in [0, 2**32).

    Examples
    --------
    >>> unit_hash("checkout.1", "anna")  # md5 of "checkout.1:anna" is b4d8c1a2...
    3034104226
    """
    text = f"{salt}:{unit}".encode()
    digest = hashlib.md5(text, usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big")


def assign(experiment: Experiment, unit: str) -> str | None:
    """Return the variant of a unit; None where it is not in the experiment.

    Parameters
    ----------
    experiment : Experiment
    unit : str
        The id of the unit of randomisation, not empty.

    Returns
    -------
    str or None
        Who gets None sees what everybody saw before, and is not part of the analysis.

    Raises
    ------
    ValueError
        If the unit is not a text, or empty.

    Notes
    -----
    At most three hashes of one or two microseconds each.

    Examples
    --------
    >>> test = Experiment("checkout", variants=("control", "new"), metrics=())
    >>> [assign(test, unit) for unit in ("anna", "ben", "cleo", "dan")]
    ['new', 'control', 'control', 'new']
    >>> half = test.ramped(0.5)
    >>> [assign(half, unit) for unit in ("anna", "ben", "cleo", "dan")]
    ['new', 'control', 'control', None]
    """
    if not isinstance(unit, str) or not unit:
        raise ValueError(f"a unit must be a text that is not empty, got {unit!r}.")
    holdout = experiment.holdout
    if holdout is not None and unit_hash(holdout.key, unit) < _share(holdout.share):
        return None
    first, last = experiment.buckets
    if last - first < BUCKETS:
        bucket = unit_hash(experiment.layer, unit) * BUCKETS // HASHES
        if not first <= bucket < last:
            return None
    place = unit_hash(experiment.salt, unit)
    for variant, begin, end in experiment.parts:
        if begin <= place < end:
            return variant
    return None


def is_held_out(holdout: Holdout, unit: str) -> bool:
    """Whether a unit is in a holdout.

    Examples
    --------
    >>> [is_held_out(Holdout("2026", 0.5), unit) for unit in ("anna", "ben", "dora")]
    [False, True, False]
    """
    return unit_hash(holdout.key, unit) < _share(holdout.share)


def check_layers(experiments: Iterable[Experiment]) -> None:
    """Refuse experiments of one layer that share a bucket.

    Raises
    ------
    ValueError
        The sentence names the layer and both experiments.

    Examples
    --------
    >>> first = Experiment("a", ("x", "y"), (), layer="page", buckets=(0, 500))
    >>> second = Experiment("b", ("x", "y"), (), layer="page", buckets=(400, 900))
    >>> check_layers([first, second])
    Traceback (most recent call last):
    ...
    ValueError: experiments of one layer must have buckets of their own, but a and b of
    the layer page share the buckets 400 to 499.
    """
    ordered = sorted(experiments, key=lambda each: (each.layer, each.buckets))
    for before, after in pairwise(ordered):
        end = min(before.buckets[1], after.buckets[1])
        if before.layer == after.layer and after.buckets[0] < end:
            raise ValueError(
                "experiments of one layer must have buckets of their own, but "
                f"{before.key} and {after.key} of the layer {before.layer} share the "
                f"buckets {after.buckets[0]} to {end - 1}."
            )


def assignment_sql(experiment: Experiment, unit: str, dialect: str) -> str:
    """Return an SQL expression with the variant of a unit, or NULL: as ``assign``.

    Parameters
    ----------
    experiment : Experiment
    unit : str
        An SQL expression of the unit's id as text, such as ``events.user_id``. It is
        written into the expression as it is: never take it from a request.
    dialect : {"postgresql", "sqlite"}
        PostgreSQL needs nothing, with a database in UTF-8. SQLite needs
        ``register_md5`` once a connection.

    Examples
    --------
    >>> import sqlite3
    >>> test = Experiment("checkout", ("control", "new"), (), buckets=(0, 300))
    >>> connection = sqlite3.connect(":memory:")
    >>> register_md5(connection)
    >>> query = f"SELECT {assignment_sql(test, '?1', 'sqlite')}"
    >>> units = [str(n) for n in range(1000)]
    >>> answers = [connection.execute(query, [unit]).fetchone()[0] for unit in units]
    >>> answers == [assign(test, unit) for unit in units], answers.count("new")
    (True, 148)
    """
    if dialect not in DIALECTS:
        raise ValueError(
            f"dialect must be one of {', '.join(DIALECTS)}, got {dialect!r}."
        )
    conditions = []
    if experiment.holdout is not None:
        place = _hash_sql(experiment.holdout.key, unit, dialect)
        conditions.append(f"{place} >= {_share(experiment.holdout.share)}")
    first, last = experiment.buckets
    if last - first < BUCKETS:
        bucket = f"{_hash_sql(experiment.layer, unit, dialect)} * {BUCKETS} / {HASHES}"
        conditions.append(f"{bucket} BETWEEN {first} AND {last - 1}")
    place = _hash_sql(experiment.salt, unit, dialect)
    cases = " ".join(
        f"WHEN {place} BETWEEN {begin} AND {end - 1} THEN {_quoted(variant)}"
        for variant, begin, end in experiment.parts
    )
    variant = f"CASE {cases} END"
    inside = " AND ".join(conditions)
    return f"CASE WHEN {inside} THEN {variant} END" if inside else variant


def register_md5(connection: sqlite3.Connection) -> None:
    """Give a connection of SQLite ``md5`` and ``hex_number``, of a text each."""

    def md5(text: str | None) -> str | None:
        if text is None:
            return None
        return hashlib.md5(str(text).encode(), usedforsecurity=False).hexdigest()

    def hex_number(digits: str | None) -> int | None:
        return None if digits is None else int(digits, 16)

    connection.create_function("md5", 1, md5, deterministic=True)
    connection.create_function("hex_number", 1, hex_number, deterministic=True)


def _hash_sql(salt: str, unit: str, dialect: str) -> str:
    digits = f"substr(md5({_quoted(salt + ':')} || {unit}), 1, 8)"
    if dialect == "sqlite":
        return f"hex_number({digits})"
    return f"('x' || {digits})::bit(32)::bigint"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _share(share: float) -> int:
    return round(share * HASHES)
