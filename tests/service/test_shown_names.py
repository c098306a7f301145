"""Names of files without the folders of the server."""

import os

import pytest

from lookalike.service.shown_names import relative_names

ROOT = os.sep.encode()


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([], []),
        (["a/b.png"], ["b.png"]),
        (["a/b/c.png", "a/d/e.png"], ["b/c.png", "d/e.png"]),
        (["a/b/c.png", "a/d.png"], ["b/c.png", "d.png"]),
        (["x/y/z/c.png", "w/v/e.png"], ["z/c.png", "v/e.png"]),
        (["x/y/c.png", "x/z/d.png", "w/e.png"], ["x/y/c.png", "x/z/d.png", "w/e.png"]),
    ],
)
def test_what_all_share_and_what_leads_to_each_collection_is_left_out(paths, names):
    given = [ROOT + path.replace("/", os.sep).encode() for path in paths]
    found = relative_names(given)
    assert [name.decode().replace(os.sep, "/") for name in found] == names
