"""Cursors: they come back as they were, and nothing else is taken for one."""

import pytest

from lookalike.service.cursors import Cursor

FIRST = Cursor.of("documents", "wine", {"kind": ["red"]})


def test_a_cursor_comes_back_and_goes_on():
    cursor, every = FIRST, set()
    for page in (["a", "b"], ["c"], ["\ud800", "é" * 300]):
        cursor = FIRST.taken_up(cursor.after(page).text)
        every |= set(page)
        assert len(cursor) == len(every)
        assert all(map(cursor.has_shown, every))
        assert not cursor.has_shown("d")
    assert len(cursor.text) == 22 + 8 * len(every)
    assert cursor.after(["a"]) == cursor


@pytest.mark.parametrize(
    "other",
    [
        Cursor.of("other", "wine", {"kind": ["red"]}),
        Cursor.of("documents", "tea", {"kind": ["red"]}),
        Cursor.of("documents", "wine", {"kind": ["white"]}),
        Cursor.of("documents", "wine", {}),
    ],
)
def test_a_cursor_of_another_search_is_refused(other):
    with pytest.raises(ValueError, match="is of another search"):
        FIRST.taken_up(other.after(["a"]).text)


def test_every_damaged_cursor_is_refused():
    text = FIRST.after(["a", "b"]).text
    broken = [
        text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        for at in range(len(text) - 1)
    ]
    broken += [text[:at] for at in range(len(text))] + [text + "A", "é", "?", " "]
    for each in broken:
        with pytest.raises(ValueError, match="The cursor is damaged"):
            FIRST.taken_up(each)
