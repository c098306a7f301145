"""Two generations side by side."""

from typing import Any

from lookalike.core.gate import compare_outcomes


def compare_generations(
    first: str, second: str, one: dict[str, Any], other: dict[str, Any]
) -> dict[str, Any]:
    """Their metrics, and a paired test where both answered the same test items.

    Parameters
    ----------
    first, second : str
        Names.
    one, other : dict
        What their ``system.json`` says.

    Examples
    --------
    >>> about = {"metrics": {}, "data": {"checksum": "a"}}
    >>> wrong = [{"n_test": 100, "wrong": list(range(n))} for n in (2, 12)]
    >>> one, other = ({**about, "quality": each} for each in wrong)
    >>> print(compare_generations("0001", "0002", one, other)["sentence"])
    Item by item 0001 is better by 0.1000 [0.0500, 0.1600], p = 0.002.
    """
    answer = {"first": one["metrics"], "second": other["metrics"]}
    result = compare_outcomes(one, other)
    if result is None:
        sentence = "No test compares them item by item: compare with care."
        return {**answer, "sentence": sentence}
    gain = result.difference
    better, low, high = first, gain.low, gain.high
    if gain.value < 0:
        better, low, high = second, -gain.high, -gain.low
    sentence = (
        f"Item by item {better} is better by {abs(gain.value):.4f} "
        f"[{low:.4f}, {high:.4f}], p = {result.p_value:.1g}."
    )
    if gain.value == 0:
        sentence = "Item by item they are equally good."
    told = {**answer, "sentence": sentence, "p_value": result.p_value}
    return told | differing(one["quality"], other["quality"])


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the test items that one of two generations alone took for something else.

    Nothing, where their evaluations kept no pictures of mistakes; of the others those
    that were kept.

    Examples
    --------
    >>> error = {"truth": 3, "predicted": 5, "pixels": ""}
    >>> one, other = ({"wrong": rows, "errors": [error] * 2} for rows in ([4, 7], [7]))
    >>> found = differing({**one, "shape": [1, 1]}, other)["differing"]
    >>> len(found["wrong_in_first"]), len(found["wrong_in_second"])
    (1, 0)
    """
    if not ("errors" in one and "errors" in other and "wrong" in one):
        return {}
    found: dict[str, Any] = {"shape": one["shape"]}
    for name, mine, theirs in (("first", one, other), ("second", other, one)):
        others = set(theirs["wrong"])
        kept = zip(mine["wrong"], mine["errors"], strict=False)
        found[f"wrong_in_{name}"] = [e for row, e in kept if row not in others]
    return {"differing": found}
