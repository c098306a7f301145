"""The harmful system: kinds, languages, disguises, and what it refuses."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from lookalike.datasets.own_posts import load_own_posts
from lookalike.datasets.posts import LabelledPosts
from lookalike.systems.harmful.answers import kind_named
from lookalike.systems.harmful.heads import domains_of
from lookalike.systems.harmful.system import Harmful
from lookalike.systems.harmful.texts import MOST_LETTERS, check_text, prepared


def answer(system, text):
    [[found]] = system.classify_each([text])
    return found


def test_a_kind_is_found_and_named_with_its_line_of_the_policy(system):
    found = answer(system, "good day zorgle")
    assert (found.kind, found.language) == ("insult", "aa")
    assert found.probability > 0.9
    assert found.policy == "line 3: No insults against a person."
    assert answer(system, "walk grumbold house").kind == "age"
    harmless = answer(system, "good day friend")
    assert (harmless.kind, harmless.action, harmless.policy) == (None, "leave", None)


def test_a_kind_that_nobody_labelled_in_a_language_has_no_probability(system):
    assert set(answer(system, "bono dia vrekko").probabilities) == {"any", "insult"}
    assert set(answer(system, "good day").probabilities) == {"any", "insult", "age"}


@pytest.mark.parametrize(
    "text",
    [
        "good day z0rgle",
        "good day z o r g l e",
        "good day zorglllle",
        "day z\N{CYRILLIC SMALL LETTER O}rgle",
    ],
)
def test_a_disguised_word_is_seen_through(system, text):
    assert answer(system, text).kind == "insult"


def test_disguises_are_left_as_they_are_where_that_is_wanted(data):
    plain = Harmful(see_through=False).fit(data)
    hidden = "good day z o r g l e"
    assert answer(plain, "good day zorgle").kind == "insult"
    assert answer(plain, hidden).kind is None
    assert plain.configuration()["see_through"] is False


def test_mentions_and_addresses_play_no_part(system):
    one, other = "good day @ann", "good day @zorgle"
    assert answer(system, one) == answer(system, other)
    assert prepared("see https://a.example/zorgle") == "see <address>"


def test_a_label_that_is_missing_teaches_nothing(data):
    labels = data.train.labels.copy()
    rows = np.array([each == "aa" for each in data.train.languages])
    labels[rows, 2] = np.nan
    train = LabelledPosts(data.train.texts, labels, *columns(data.train))
    system = Harmful().fit(replace(data, train=train))
    assert "age" not in answer(system, "good day").probabilities
    assert "insult" in answer(system, "good day").probabilities


def columns(posts):
    return posts.languages, posts.sources


def test_posts_are_judged_by_the_heads_of_their_set_or_language(system, data):
    judged = system.judge(data.test.texts, data.test.languages)
    by_set = system.judge(data.test.texts, data.test.languages, domains_of(data.test))
    np.testing.assert_array_equal(judged.heads, by_set.heads)
    guessed = system.judge(data.test.texts)
    assert (guessed.languages == judged.languages).mean() > 0.97


def test_a_language_never_seen_is_told_and_goes_to_a_person(system):
    for text in ("quisling mephisto volare cantare oggi", "здравствуйте", "안녕하세요"):
        found = answer(system, text)
        assert (found.language, found.kind, found.action) == (None, None, "queue")
        assert (found.low, found.high) == (0.0, 1.0)
        assert found.probabilities == {}
        [reason] = system.explain(text).reasons
        assert "a person has to look" in reason


def test_what_cannot_be_judged_is_refused_in_a_sentence(system):
    for bad, said in (
        ("", "empty"),
        (" \n", "empty"),
        ("🙂🙂", "cannot be said"),
        ("12 34 !?", "cannot be said"),
        ("a" * (MOST_LETTERS + 1), "at most 100,000 letters"),
        (None, "must be a string"),
    ):
        with pytest.raises(ValueError, match=said) as error:
            system.check_query(bad)
        assert len(str(error.value)) < 200


def test_long_and_mixed_texts_are_judged(system):
    for text in (
        "good day " * (MOST_LETTERS // 9),
        "good \u202eday\u202c שלום friend",
        "good \ud83d day",
        "a" * MOST_LETTERS,
    ):
        found = answer(system, check_text(text))
        assert 0 <= found.probability <= 1
        assert system.explain(text).reasons


def test_own_posts_are_read_split_and_learned(tmp_path, data):
    file = tmp_path / "own.csv"
    with file.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(("text", "insult", "age"))
        for posts in (data.train, data.validation, data.test):
            for text, own in zip(posts.texts, posts.labels.tolist(), strict=True):
                cells = ["" if np.isnan(each) else int(each) for each in own[1:]]
                table.writerow((text, *cells))
    own = load_own_posts(file)
    assert own.kinds == ("any", "insult", "age")
    assert sum(map(len, (own.train, own.validation, own.test))) == 1600
    system = Harmful().fit(own)
    assert answer(system, "good day zorgle").kind == "insult"


def test_answers_are_ready_for_a_log_without_words(system):
    record = answer(system, "good zorgle").record()
    assert "zorgle" not in json.dumps(record)


def test_a_kind_that_is_unlikely_is_not_told_as_the_reason():
    kinds = "any", "insult", "age"
    shares, named = np.array([0.9, 0.3, 0.4]), np.ones(3, bool)
    assert kind_named(kinds, shares, named) == "any"
    assert kind_named(kinds, np.array([0.9, 0.6, 0.5]), named) == "insult"
    assert kind_named(kinds, np.array([0.9, np.nan, 0.5]), named) == "age"
    assert kind_named(kinds, shares, np.zeros(3, bool)) is None
