"""How many edits two short texts are apart, as optimal string alignment."""


def count_edits(one: str, two: str, most: int) -> int:
    """Return the edits between two texts, or most + 1 where there are more.

    An edit is an insertion, a deletion, a substitution, or an exchange of two
    neighbours that nothing else changes.

    Examples
    --------
    >>> count_edits("teh", "the", 2), count_edits("ca", "abc", 3)
    (1, 3)
    >>> count_edits("kitten", "sitting", 2)
    3
    """
    if abs(len(one) - len(two)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        above, row = row, [i]
        for j, b in enumerate(two, 1):
            cost = min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = above
    return min(row[-1], most + 1)
