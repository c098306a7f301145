"""Numbers as people write them: decimal commas, thousands, signs of currencies.

Whether "1.234" is a little more than one or a thousand is seen from the whole column,
never from one cell.
"""

import re
from collections.abc import Sequence

import numpy as np

from lookalike._typing import Floats
from lookalike.datasets._opened import number_of

_SIGNS = "€$£¥₹₽₩₺₴₫฿₱₪"
_CODES = (
    *("eur", "usd", "gbp", "chf", "jpy", "cny", "rmb", "inr", "rub", "krw", "try"),
    *("uah", "vnd", "thb", "php", "ils", "sek", "nok", "dkk", "isk", "pln", "czk"),
    *("huf", "ron", "bgn", "cad", "aud", "nzd", "hkd", "sgd", "mxn", "brl", "zar"),
    *("kr", "zł", "zl", "kč", "kc", "ft", "lei", "r$", "fr.", "fr", "rs.", "rs"),
)
_APOSTROPHES = "'\u2019"
_UNIT = rf"[{_SIGNS}]|{'|'.join(map(re.escape, _CODES))}"
_AROUND = re.compile(
    rf"\s*([+-])?\s*(?:{_UNIT})?"
    rf"\s*([+-]?\d[\d.,\s{_APOSTROPHES}]*(?:e[+-]?\d+)?|[+-]?[.,]\d+)"
    rf"\s*(?:{_UNIT})?\s*",
    re.IGNORECASE,
)
_SPACES = re.compile(rf"(?<=\d)[\s{_APOSTROPHES}](?=\d{{3}}(?!\d))")


def amounts(cells: Sequence[str]) -> Floats:
    """Return the cells of one column as numbers, (n_cells,); nan where one is none.

    Where a cell has comma and dot, the last of them is the decimal one. One that comes
    twice in a cell parts thousands. Else a comma is decimal unless three digits follow
    it wherever it stands, and a dot is decimal.

    Examples
    --------
    >>> amounts(["3,50", "12"]).tolist(), amounts(["1,234", "12,000"]).tolist()
    ([3.5, 12.0], [1234.0, 12000.0])
    >>> amounts(["1.234,50 €", "EUR 12", "$ 7", "1'000 CHF", "-3"]).tolist()
    [1234.5, 12.0, 7.0, 1000.0, -3.0]
    >>> amounts(["1.234", "1e3", "cheap", ""]).tolist()
    [1.234, 1000.0, nan, nan]
    >>> amounts(["3,50", "2.5"]).tolist()  # one by people, one by a program
    [3.5, 2.5]
    """
    values = np.array([number_of(cell) for cell in cells], np.float64)
    if np.isfinite(values).all():
        return values
    plain = [_bare(cell) for cell in cells]
    decimal = _decimal(plain)
    thousands = "." if decimal == "," else ","
    found = [number_of(_read(cell, decimal, thousands)) for cell in plain]
    values = np.array(found, np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _bare(cell: str) -> str:
    """The digits of a cell and what parts them; "" where it is no number."""
    match = _AROUND.fullmatch(cell)
    if match is None:
        return ""
    return (match[1] or "") + _SPACES.sub("", match[2].strip())


def _decimal(cells: Sequence[str]) -> str:
    both = [cell for cell in cells if "," in cell and "." in cell]
    if both:
        commas = sum(cell.rfind(",") > cell.rfind(".") for cell in both)
        return "," if 2 * commas > len(both) else "."
    if any(cell.count(",") > 1 for cell in cells):
        return "."
    if any(cell.count(".") > 1 for cell in cells):
        return ","
    commas_at = [cell for cell in cells if "," in cell]
    if not commas_at:
        return "."
    grouped = all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for cell in commas_at)
    return "." if grouped else ","


def _read(cell: str, decimal: str, thousands: str) -> str:
    """The cell as Python writes numbers; "" where its thousands are no groups.

    What stands once, alone and before no group is decimal after all, as in a number of
    a program among those that people wrote.
    """
    if thousands in cell:
        whole = cell.lstrip("+-").partition(decimal)[0]
        if not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", whole):
            is_decimal = cell.count(thousands) == 1 and decimal not in cell
            return cell.replace(thousands, ".") if is_decimal else ""
    return cell.replace(thousands, "").replace(decimal, ".")
