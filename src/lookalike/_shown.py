"""Text that comes from outside, as it is shown."""

import os


def shown(text: str | os.PathLike[str]) -> str:
    r"""Return a text on one line: a name may hold line breaks, to forge another.

    Control characters, and what is no text, are escaped.

    Examples
    --------
    >>> print(shown("a\nWarning: all is lost.png"))
    a\nWarning: all is lost.png
    """
    given = str(text)
    if given.isprintable():
        return given
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in given
    )
