"""The lines of a policy: what each kind of harm offends against, in words."""

import os
from pathlib import Path

from lookalike.datasets.posts import KINDS

BUILT_IN = Path(__file__).with_name("policy.txt")


def read_policy(path: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """Return the line of each kind of harm, with its number, of a policy file.

    A line is a kind, a colon and a sentence. Of a kind without a line the built-in
    policy's is taken.

    Parameters
    ----------
    path : path, default=None
        A file in UTF-8; None is the built-in one alone.

    Raises
    ------
    ValueError
        If a line is none of the form; the sentence names it.

    Examples
    --------
    >>> read_policy()["insult"]
    'line 3: No insults against a person.'
    """
    found = _lines(BUILT_IN)
    return found if path is None else found | _lines(Path(path))


def _lines(file: Path) -> dict[str, str]:
    found = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"The policy {file} cannot be read: {error}.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        kind, colon, sentence = (part.strip() for part in line.partition(":"))
        if kind not in KINDS or not colon or not sentence:
            raise ValueError(
                f"{file}, line {number}: expected a kind ({', '.join(KINDS)}), a colon "
                f"and a sentence, got {line.strip()[:60]!r}."
            )
        found[kind] = f"line {number}: {sentence}"
    return found
