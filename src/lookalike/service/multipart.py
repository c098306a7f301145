"""Forms with files (RFC 7578), read from memory in one pass.

A request's body is limited and in memory already; so the parts are cut out of it at
the boundary, and no temporary file is written.
"""

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(
    rb'^content-disposition:[ \t]*form-data[ \t]*;[^\r\n]*?\bname="([^"\r\n]*)"',
    re.IGNORECASE | re.MULTILINE,
)
_FILE = re.compile(
    rb"^content-disposition:[^\r\n]*?\bfilename\*?=", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Part:
    """One field of a form."""

    name: str
    is_file: bool
    content: bytes


def parts(body: bytes, content_type: str, most: int) -> list[Part]:
    r"""The fields of a form, in their order.

    Raises
    ------
    ValueError
        If this is no form, or one of more than ``most`` parts.

    Examples
    --------
    >>> body = b'--x\r\nContent-Disposition: form-data; name="k"\r\n\r\n3\r\n--x--\r\n'
    >>> parts(body, "multipart/form-data; boundary=x", most=10)
    [Part(name='k', is_file=False, content=b'3')]
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ValueError("its boundary is missing.")
    try:
        line = b"\r\n--" + (found[1] or found[2]).encode("ascii")
    except UnicodeEncodeError:
        raise ValueError("its boundary is not ASCII.") from None
    # The first boundary may stand at the very beginning, without a line before it.
    pieces = (b"\r\n" + body).split(line, most + 2)
    if len(pieces) < 2 or len(pieces) > most + 2:
        raise ValueError(f"it must have 1 to {most} parts.")
    if not pieces[-1].startswith(b"--"):
        raise ValueError("it ends before its last boundary.")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, separator, content = piece.partition(b"\r\n\r\n")
    name = _NAME.search(head.lstrip(b" \t\r\n"))
    if not separator or name is None:
        raise ValueError("a part has no name.")
    is_file = _FILE.search(head.lstrip(b" \t\r\n")) is not None
    return Part(name[1].decode("utf-8", "replace"), is_file, content)
