"""Names of files as visitors see them: without where the server has them.

Whoever may search a collection need not know the server's folders.
"""

import os
from collections.abc import Sequence


def relative_names(paths: Sequence[bytes]) -> list[bytes]:
    """Return each path below the folder that it shares with its own collection.

    What all paths have in common is left out. Of what is left, folders that hold
    nothing but one folder are left out too, so that collections in two places do not
    show the way to each; the folder that holds a collection keeps its name.

    Parameters
    ----------
    paths : absolute paths

    Examples
    --------
    >>> relative_names([b"/home/ann/pictures/a.png", b"/home/ann/pictures/rome/b.png"])
    [b'a.png', b'rome/b.png']
    >>> relative_names([b"/home/ann/pictures/a.png", b"/mnt/disk/scans/b.png"])
    [b'pictures/a.png', b'scans/b.png']
    """
    if not paths:
        return []
    separator = os.sep.encode()
    common = os.path.commonpath([os.path.dirname(path) for path in paths])
    below = [os.path.relpath(path, common) for path in paths]
    groups: dict[bytes, list[bytes]] = {}
    for name in below:
        groups.setdefault(name.split(separator, 1)[0], []).append(os.path.dirname(name))
    kept: dict[bytes, bytes] = {}
    for first, folders in groups.items():
        if folders[0]:  # not a file that lies in the common folder itself
            kept[first] = os.path.dirname(os.path.commonpath(folders))
    return [
        os.path.relpath(name, start) if (start := kept.get(_first(name))) else name
        for name in below
    ]


def _first(name: bytes) -> bytes:
    return name.split(os.sep.encode(), 1)[0]
