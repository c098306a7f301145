"""A text file: its letters, and its title where it begins with one."""


def decoded(data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with its mark.

    Raises
    ------
    ValueError
        If it is neither; the sentence begins with "The text".
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError("The text is not in UTF-8 or UTF-16.") from None


def titled(whole: str) -> tuple[str, str]:
    r"""Return title and text of a file: a first line with ``#``, or one underlined.

    Examples
    --------
    >>> titled("# Wine\n\nRed or white."), titled("Tea\n===\nGreen."), titled("Milk.")
    (('Wine', 'Red or white.'), ('Tea', 'Green.'), ('', 'Milk.'))
    """
    lines = whole.strip().split("\n")
    first = lines[0].strip()
    if first.startswith("# "):
        return first[2:].strip(), "\n".join(lines[1:]).strip()
    under = lines[1].strip() if len(lines) > 1 else ""
    if first and len(under) > 2 and set(under) in ({"="}, {"-"}, {"#"}):
        return first, "\n".join(lines[2:]).strip()
    return "", whole.strip()
