"""What is masked cannot be read, and keeps its length and its first letters."""

from hypothesis import given
from hypothesis import strategies as st

from lookalike.core.masking import masked


@given(st.text(max_size=60))
def test_only_first_letters_of_words_are_left(text):
    found = masked(text)
    assert len(found) == len(text)
    assert masked(found.replace("*", " ")) == found.replace("*", " ")


def test_words_of_any_script_are_masked():
    assert masked("Zorgle 안녕하세요 привет_x 12") == "Z***** 안**** п******* 1*"
