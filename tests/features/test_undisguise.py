"""Words behind disguises: each is undone, and ordinary writing stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.features.text import TextNormaliser
from lookalike.features.text.undisguise import LOOK_ALIKES, SIGNS, undisguise


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("b4n4n4s", "bananas"),
        ("b@nan@s", "bananas"),
        ("ba$ket", "basket"),
        ("m0u53s", "mouses"),
        ("b a n a n a", "banana"),
        ("b.a.n.a.n.a", "banana"),
        ("b*a*n*a*n*a", "banana"),
        ("b_a_n_a_n_a", "banana"),
        ("bananaaaaaa", "bananaa"),
        ("b4nanaaaa s4lad", "bananaa salad"),
    ],
)
def test_what_is_hidden_is_read(written, meant):
    assert undisguise(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "at 10:30 on the 2nd of may",
        "mp3 and covid19 and 4g",
        "plan b or c, a to z",
        "look!! really? yes...",
        "привет, как дела",
        "καλημέρα",
        "안녕하세요 ㅋㅋ",
        "good bookkeeper",
        "10 000 $ or 5 000 $",
    ],
)
def test_ordinary_writing_stays(text):
    assert undisguise(text) == text


def test_look_alike_letters_are_read_beside_latin_ones_only():
    for other, latin in LOOK_ALIKES.items():
        assert undisguise(f"z{other}z") == f"z{latin}z"
        assert undisguise(other * 2) == other * 2
    for sign, letter in SIGNS.items():
        assert undisguise(f"x{sign}x") == f"x{letter}x"
        assert undisguise(f"x{sign}") == f"x{sign}"


@given(st.text(alphabet="ab4@ .-_*!x5 \n\N{CYRILLIC SMALL LETTER A}", max_size=40))
def test_once_undone_nothing_more_is(text):
    found = undisguise(TextNormaliser()(text))
    assert undisguise(found) == found
