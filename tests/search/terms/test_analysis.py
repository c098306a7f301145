"""Texts become words in every script, and a batch like its texts one by one."""

# ruff: noqa: RUF001, RUF043

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.search.terms import Analysis

PLAIN = Analysis(None)
LETTERS = "aBé ßİıi̇IﬁＦ\0\n\u00ad\u200d\ud800אب漢字カナไทย한글१२½-'_"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  \t\n.,;!", []),
        ("Don't PAY 3.50, naïve!", ["don", "t", "pay", "3", "50", "naïve"]),
        ("cafe\u0301 caf\u00e9", ["café", "café"]),  # combining and composed
        ("ﬁne Ｆｉｎｅ STRASSE Straße", ["fine", "fine", "strasse", "strasse"]),
        (
            "co\u00adoperate zero\u200dwidth \ufeffmark",
            ["cooperate", "zerowidth", "mark"],
        ),
        (
            "bell\x07rings nul\0byte esc\x1b[0m",
            ["bell", "rings", "nul", "byte", "esc", "0m"],
        ),
        ("שלום עולם! مرحبا بالعالم", ["שלום", "עולם", "مرحبا", "بالعالم"]),
        ("\u202eשלום\u202c x", ["שלום", "x"]),  # marks of direction are passed over
        ("ك\u0640ت\u0640اب", ["كتاب"]),  # drawn out
        ("İstanbul I i", ["istanbul", "i", "i"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),  # vowel signs are marks
        ("信息检索 a漢", ["信息", "息检", "检索", "a", "漢"]),
        ("สวัสดี", ["สว", "วั", "ัส", "สด", "ดี"]),
        ("half\ud83d of a pair", ["half", "of", "a", "pair"]),
        ("snake_case e-mail", ["snake", "case", "e", "mail"]),
    ],
)
def test_words_are_runs_of_letters_folded(text, words):
    assert PLAIN.words(text) == words


def test_turkish_has_two_letters_i():
    words = Analysis("turkish").words("ISPARTA ısparta İZMİR izmir I\u0307zmir")
    assert words == ["ısparta", "ısparta", "izmir", "izmir", "izmir"]


def test_each_option_is_followed():
    text = "The cafés were running"
    assert PLAIN.terms(text) == ["the", "cafés", "were", "running"]
    assert Analysis().terms(text) == ["the", "café", "were", "run"]
    assert Analysis(None, stop_words="english").terms(text) == ["cafés", "running"]
    assert Analysis(None, stop_words=["THE"]).terms(text)[0] == "cafés"
    assert Analysis(None, strip_accents=True).terms(text)[1] == "cafes"
    assert Analysis("german").terms("Häuser") == Analysis("german").terms("Haus")


def test_of_a_long_word_the_first_hundred_letters_count():
    assert PLAIN.terms("x" * 5000 + " y") == ["x" * 100, "y"]


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(st.text(LETTERS, max_size=12), max_size=6))
@pytest.mark.parametrize("analysis", [PLAIN, Analysis(stop_words=["a", "i"])])
def test_a_batch_is_cut_like_its_texts_one_by_one(analysis, texts):
    cut = analysis.cut(texts)
    numbers = np.split(cut.numbers, cut.ends)[:-1] if texts else []
    terms = [[cut.terms[number] for number in part] for part in numbers]
    assert terms == [analysis.terms(text) for text in texts]
    for text in texts:
        for start, stop in PLAIN.pieces(text):
            assert 0 <= start < stop <= len(text)


def test_an_analysis_is_the_same_again():
    made = Analysis("english", ["the"], strip_accents=True)
    made.cut(["running cafés in the town"])
    about = made.about()
    assert about["stems"]["running"] == "run"
    again = Analysis.of(about)
    assert again.about() == about
    assert again.terms("the Cafés") == ["cafe"]
    about["stems"]["running"] = "runn"
    with pytest.raises(ValueError, match="made 'runn' of 'running'.*make the index"):
        Analysis.of(about)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("klingon",), "language must be None or one of .*english.*got 'klingon'"),
        (("english", "german"), "stop_words must be None, 'english' or words"),
    ],
)
def test_what_is_no_option_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Analysis(*arguments)


def test_words_of_queries_are_not_kept():
    analysis = Analysis()
    analysis.terms("running wings")
    assert analysis.about()["stems"] == {}
    analysis.cut(["flying"])
    analysis.terms("running wings")
    assert analysis.about()["stems"] == {"flying": "fli"}
