"""The places system: words, spans, offsets, baselines, and what it refuses.

By default it learns from sentences that are written here; WNUT-17 is used where
LOOKALIKE_DATA is set.
"""

import dataclasses
import gzip
import itertools
import json
import os

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import generation
from lookalike.core.generation import Damaged
from lookalike.core.manifest import Manifest
from lookalike.datasets import Tagged, load_wnut17
from lookalike.datasets.tagged import read_tagged
from lookalike.evaluate import f1_of_counts, span_counts, word_counts
from lookalike.systems.places.baselines import (
    plain_gazetteer,
    tags_of_list,
    tags_of_probabilities,
    tuned_gazetteer,
    words_seen,
)
from lookalike.systems.places.evaluation import UNITS
from lookalike.systems.places.features import sentence_features
from lookalike.systems.places.gazetteer import mark_sentences, mark_words
from lookalike.systems.places.system import Places
from lookalike.systems.places.tagger import (
    Tagger,
    likeliest,
    location_tags,
    tags_of_names,
    training_tags,
)
from lookalike.systems.places.tokens import words_with_offsets
from lookalike.systems.places.tuning import (
    N_FOLDS,
    best_threshold,
    fit_tagger,
    held_out_names,
    known_part,
    mean_f1,
    take_rows,
)
from lookalike_bench.places import PARTS, Trial


def test_a_place_that_was_never_seen_is_found_by_its_neighbours(system):
    [place] = system.find_locations("hey, greetings from Zugdidi!")
    assert (place.text, place.start, place.end) == ("Zugdidi", 20, 27)
    assert system.threshold_ <= place.probability <= 1
    assert system.find_locations("I like bread a lot") == []


def test_offsets_point_into_the_text(system):
    text = "  we moved to Oslo last year — and I live in Lima now"
    assert [text[p.start : p.end] for p in system.find_locations(text)] == [
        "Oslo",
        "Lima",
    ]
    for word, start in words_with_offsets(text):
        assert text[start : start + len(word)] == word


def test_a_batch_answers_exactly_like_its_sentences_one_by_one(system, data):
    sentences = data.test.words
    together = system.names(sentences)
    assert together == [system.names([sentence])[0] for sentence in sentences]
    assert system.classify(sentences) == tags_of_names(
        sentences, together, system.threshold_
    )


def test_a_name_is_as_probable_as_all_sequences_of_tags_with_it(system):
    words = ["She", "saw", "New", "Oslo", "and", "Anna"]
    sentence = mark_words(words, system.gazetteer_)
    model, rows = system.tagger_.model, sentence_features(sentence)
    scores, _ = model._scores([rows])
    tags = model.classes_.tolist()
    shares = {}
    for codes in itertools.product(range(len(tags)), repeat=len(words)):
        exponent = scores[np.arange(len(words)), list(codes)].sum()
        exponent += sum(model.transitions_[a, b] for a, b in itertools.pairwise(codes))
        for place in _begun([tags[code] for code in codes]):
            shares[place] = shares.get(place, 0.0) + np.exp(exponent)
        shares[None] = shares.get(None, 0.0) + np.exp(exponent)
    [names] = system.tagger_.names([sentence])
    assert max(names, key=names.get) == (2, 4)
    for place, share in names.items():
        assert share == pytest.approx(shares[place] / shares[None])
    left = {place for place in shares if place and place not in names}
    assert all(shares[place] < 0.011 * shares[None] for place in left)
    inside = system.tagger_.inside(sentence)
    assert inside[2] >= names[2, 4]


def _begun(tags):
    """Names of places that begin with a B, of one sequence of tags."""
    for start, tag in enumerate(tags):
        if tag == "B-location":
            end = start + 1
            while end < len(tags) and tags[end] == "I-location":
                end += 1
            yield start, end


def test_the_likeliest_names_that_do_not_overlap_are_chosen():
    names = {(0, 2): 0.4, (1, 2): 0.5, (2, 3): 0.3, (4, 6): 0.2}
    assert likeliest(names, 0.25) == [(1, 2), (2, 3)]
    words = [("a", "b", "c", "d", "e", "f")]
    assert tags_of_names(words, [names], 0.2) == [["O", "B", "B", "O", "B", "I"]]


def test_words_of_place_lead_to_what_stands_up_to_three_words_on():
    sentence = [(word, "") for word in ("from", "the", "very", "Old", "town", "In")]
    led = [
        [s for s in told if s.startswith("led")] for told in sentence_features(sentence)
    ]
    assert led[0] == led[4] == []
    assert led[2] == ["led by from", "led by from, False, False"]
    assert led[3] == ["led by from", "led by from, True, False"]
    listed = sentence_features([("near", ""), ("of", ""), ("Oslo", "B-large")])[2]
    assert "led by of, True, True" in listed


def test_the_threshold_is_chosen_on_pieces_that_were_left_out(system, data):
    known = known_part(data)
    assert len(known.words) == len(data.train.words) + len(data.validation.words)
    pieces = np.array_split(np.arange(len(known.words)), N_FOLDS)
    others = take_rows(known, np.concatenate([pieces[0], *pieces[2:]]))
    alone = fit_tagger(others, system.gazetteer_, 2, 10.0)
    left_out = held_out_names(known, system.gazetteer_, 2, 10.0)
    piece = take_rows(known, pieces[1])
    first, last = pieces[1][[0, -1]]
    assert (
        alone.names(mark_sentences(piece.words, system.gazetteer_))
        == left_out[first : last + 1]
    )
    truth = location_tags(known)
    expected = best_threshold(truth, lambda t: tags_of_names(known.words, left_out, t))
    assert system.threshold_ == expected[0]
    both = fit_tagger(known, system.gazetteer_, 2, 10.0)
    for name, array in both.arrays().items():
        np.testing.assert_array_equal(system.tagger_.arrays()[name], array)
    assert system.seen_ == words_seen(known.words, truth)


def test_names_are_told_apart_as_places_persons_and_others():
    tags = (("O", "B-location", "I-location", "B-person", "B-group", "I-product"),)
    kinds = training_tags(Tagged((("a",) * 6,), tags))
    assert kinds == [
        ["O", "B-location", "I-location", "B-person", "B-other", "I-other"]
    ]


def test_without_a_tag_of_places_nothing_is_named():
    tagger = Tagger.fit([[("a", ""), ("b", "")]] * 3, [["B-person", "O"]] * 3, 1, 1.0)
    assert tagger.names([[("a", ""), ("b", "")], []]) == [{}, {}]
    only = Tagger.fit([[("a", ""), ("b", "")]] * 3, [["B-location", "O"]] * 3, 1, 9.0)
    assert likeliest(only.names([[("a", ""), ("b", "")]])[0], 0.5) == [(0, 1)]


def test_what_is_learned_does_not_depend_on_the_test_part(made, system, data):
    part = made.module["part"](["Nowhere"], ["Rome"])
    other = dataclasses.replace(data, test=part)
    again = Places(C=10.0).fit(other)
    assert again.threshold_ == system.threshold_
    assert again.seen_ == system.seen_
    for name, array in again.tagger_.arrays().items():
        np.testing.assert_array_equal(array, system.tagger_.arrays()[name])


def test_the_longest_name_of_the_gazetteer_is_marked():
    names = {"new york": "large", "york": "middle", "nice": "middle", "us": "country"}
    sentence = ["New", "York", "is", "nice", "#US"]
    marks = [mark for _, mark in mark_words(sentence, names)]
    small = "B-small letters middle"
    assert marks == ["B-large", "I-large", "", small, "B-country"]


def test_codes_are_known_in_capitals_and_words_without_the_signs_at_their_ends():
    names = {"IN": "state code", "st johns": "small", "u.s.": "country"}
    sentence = ["in", "(IN)", "*St-Johns*", "U.S.", "In", "..."]
    marks = [mark for _, mark in mark_words(sentence, names)]
    assert marks == ["", "B-state code", "B-small", "B-country", "", ""]


def test_a_list_takes_large_places_in_small_letters_only_if_it_is_told_to():
    names = {"spain": "country", "york": "middle", "lima": "large", "TX": "state code"}
    sentences = [["in", "spain", "york", "Lima", "TX", "tx"]]
    assert tags_of_list(sentences, names) == [["O", "O", "O", "B", "I", "O"]]
    assert tags_of_list(sentences, names, lower_case=True) == [
        ["O", "B", "O", "B", "I", "O"]
    ]


def test_the_tuned_gazetteer_is_the_best_of_its_forms_on_what_is_known(made, data):
    gazetteer = {
        **{city.lower(): "large" for city in made.module["CITIES"]},
        **dict.fromkeys(made.module["THINGS"], "small"),
        "anna": "middle",
        "I": "state code",
    }
    known = known_part(data)
    names, small = tuned_gazetteer(gazetteer, known)
    assert set(names.values()) == {"large"}
    truth = location_tags(known)
    best = mean_f1(truth, tags_of_list(known.words, names, small))
    assert best > mean_f1(truth, tags_of_list(known.words, gazetteer, small))
    assert plain_gazetteer(gazetteer, data.validation).get("I") is None


def test_trials_on_pieces_left_out_leave_the_test_part_and_compare_with_both_lists(
    system, data
):
    without_test = dataclasses.replace(data, test=Tagged((), ()))
    trial = Trial(without_test, system.gazetteer_, system)
    parts = {name: work() for name, work in trial.jobs()}
    assert list(parts) == list(PARTS)
    rows = parts["validation part"]
    assert [row["method"] for row in rows] == [*trial.taggings]
    n_train = len(data.train.words)
    truth = location_tags(data.validation)
    for row, tags in zip(rows, trial.taggings.values(), strict=True):
        for unit, count in UNITS.items():
            f1 = f1_of_counts(count(truth, tags[n_train:]).sum(axis=0))
            assert row[f"{unit} F1"].startswith(f"{f1:.4f} [")
    ours, plain = (float(row["span F1"].split()[0]) for row in rows[:2])
    assert float(rows[1]["gain, spans"].split()[0]) == pytest.approx(
        ours - plain, abs=2e-4
    )


def test_words_seen_stood_in_locations_at_least_half_of_the_time():
    sentences = (("Paris", "may"), ("may", "Paris"), ("May", "x"))
    tags = (["B", "O"], ["O", "B"], ["B", "O"])
    assert words_seen(sentences, tags) == {"paris"}


def test_the_threshold_is_the_best_for_words_and_names_together(data):
    truth = location_tags(data.validation)
    rng = np.random.default_rng(0)
    shares = [rng.dirichlet([1, 1, 2], len(tags)) for tags in truth]
    grid = np.arange(0.1, 0.91, 0.025).round(3)
    reached = []
    for threshold in grid:
        tags = [tags_of_probabilities(p, threshold) for p in shares]
        both = (count(truth, tags).sum(0) for count in (word_counts, span_counts))
        reached.append(np.mean([2 * a / (2 * a + b + c) for a, b, c in both]))
    found = best_threshold(
        truth, lambda t: [tags_of_probabilities(p, t) for p in shares]
    )
    assert found == (grid[np.argmax(reached)], pytest.approx(max(reached)))


def test_a_second_place_may_begin_right_after_the_first():
    begins, goes_on = [0.6, 0.2, 0.2], [0.2, 0.6, 0.2]
    shares = np.array([begins, goes_on, begins])
    assert tags_of_probabilities(shares, 0.5) == ["B", "I", "B"]
    assert tags_of_probabilities(shares[1:], 0.5) == ["B", "B"]


def test_the_metrics_are_those_of_the_answers(system, data, result):
    truth = location_tags(data.test)
    tags = system.classify(data.test.words)
    hits, wrong, missed = word_counts(truth, tags).sum(axis=0)
    expected = 2 * hits / (2 * hits + wrong + missed)
    assert result.metrics["word_f1"].value == pytest.approx(expected)
    seen = result.metrics["word_recall_of_words_seen_in_training"].value
    assert result.metrics["word_recall"].value > seen
    assert "gazetteer (span F1)" in result.comparisons
    assert "tuned gazetteer (word F1)" in result.comparisons


def test_a_place_is_as_sure_as_its_name(system):
    [place] = system.find_locations("She saw New Oslo and Anna")
    assert place.text == "New Oslo"
    [names] = system.names([["She", "saw", "New", "Oslo", "and", "Anna"]])
    assert place.probability == names[2, 4]


def test_reasons_say_how_the_probability_changes_the_largest_fall_first(system):
    words = ["hey", "greetings", "from", "Zugdidi", "!"]
    reasons = system.explain(" ".join(words)).reasons
    without = [*words[:2], "\x00", *words[3:]]
    before, after = (
        system.tagger_.inside(mark_words(each, system.gazetteer_))[3]
        for each in (words, without)
    )
    assert after < before - 0.1
    assert f"if 'from' were a word never seen: {after - before:+.2f}" in reasons
    changes = [float(reason.rsplit(" ", 1)[1]) for reason in reasons[1:]]
    assert changes == sorted(changes)


@pytest.mark.parametrize(("kind", "n_left"), [("small", 1), ("large", 2)])
def test_the_list_to_beat_is_without_small_places_where_that_is_better(
    data, kind, n_left
):
    # "Anna" of the validation part is a person.
    gazetteer = {"miami": "country", "anna": kind}
    assert len(plain_gazetteer(gazetteer, data.validation)) == n_left
    gazetteer = {"miami": "small", "delhi": "large"}
    assert len(plain_gazetteer(gazetteer, data.validation)) == 2


def test_what_is_saved_is_the_words_and_names_too(system, data, saved):
    loaded = Places.load(saved)
    assert loaded.gazetteer_ == system.gazetteer_
    assert loaded.seen_ == system.seen_
    assert loaded.names(data.test.words) == system.names(data.test.words)


def test_a_generation_whose_parts_do_not_fit_is_damaged(saved, tmp_path):
    found = generation.load(saved, "places")
    document = Manifest.of(found.about).document()
    for name, array in {
        "coef": np.zeros((3, 2)),
        "intercept": np.zeros(2),
        "transitions": np.zeros((1, 1)),
        "kinds": np.array(["x"]),
    }.items():
        folder = tmp_path / name
        generation.save(folder, "places", {**found.arrays, name: array}, document)
        with pytest.raises(Damaged, match="holds no system of places"):
            Places.load(folder)


def test_a_text_may_have_several_places_or_none(system):
    texts = ["we moved to Oslo and I live in Lima now", "I like bread a lot"]
    together = system.classify_each(texts)
    assert [[each.location for each in row] for row in together] == [
        ["Oslo", "Lima"],
        [None],
    ]


def test_files_of_tags_are_read_as_published(tmp_path):
    lines = ["In\tO\n", "New\tB-location\n", "York\tI-location\n", "\t\n", "Yes\tO"]
    found = read_tagged(lines)
    assert found.words == (("In", "New", "York"), ("Yes",))
    assert found.tags == (("O", "B-location", "I-location"), ("O",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The text is empty"),
        ("  \t", "The text is empty"),
        ("123 !!", "The text holds no letters"),
        ("東京に行きました", r"in another script \(Cjk\)"),
        ("Я живу в Осло", r"in another script \(Cyrillic\)"),
    ],
)
def test_texts_that_cannot_be_tagged_are_refused(system, text, said):
    with pytest.raises(ValueError, match=said):
        system.find_locations(text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": -1}, "window must be a whole number of at least 0, got -1"),
        ({"C": 0}, "C must be a positive number, got 0"),
    ],
)
def test_options_that_mean_nothing_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Places(gazetteer=False, **options).fit(data)


def test_data_that_cannot_be_learned_from_is_refused(data):
    empty = dataclasses.replace(data, validation=Tagged((), ()))
    with pytest.raises(ValueError, match="as many tags as words"):
        Places(gazetteer=False).fit(empty)
    nowhere = Tagged((("a",),), (("O",),))
    with pytest.raises(ValueError, match="names no location"):
        Places(gazetteer=False).fit(dataclasses.replace(data, train=nowhere))
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        Places().find_locations("in Oslo")


# The command


def run(*words, status=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def test_raw_text_is_tagged_with_offsets(saved, tmp_path):
    text = "greetings from Zugdidi!"
    words = ("--system", "places", "--folder", saved)
    [answer] = json.loads(run("classify", text, *words, "--json").stdout)["answers"]
    assert (answer["location"], answer["start"], answer["end"]) == ("Zugdidi", 15, 22)
    told = run("explain", text, *words).stdout
    assert "'Zugdidi' is part of a location with probability" in told
    assert "were a word never seen: " in told
    (tmp_path / "posts.txt").write_text(f"{text}\nI like tea a lot\n")
    found = json.loads(
        run("classify", tmp_path / "posts.txt", *words, "--json").stdout
    )["answers"]
    assert [each["location"] for each in found] == ["Zugdidi", None]
    assert found[1]["text"].endswith("posts.txt, line 2")


def test_lines_that_cannot_be_tagged_are_sentences(saved, tmp_path):
    cases = {
        "gap.txt": (b"in Oslo\n\nin Lima\n", "gap.txt, line 2: The text is empty"),
        "none.txt": (b"", "none.txt is empty; expected a text a line"),
        "bytes.txt": (b"\xff\xfe\x00", "bytes.txt is no text in UTF-8"),
        "greek.txt": ("στην Αθήνα".encode(), "line 1: The text is in another script"),
    }
    for name, (contents, said) in cases.items():
        (tmp_path / name).write_bytes(contents)
        words = ("classify", tmp_path / name, "--system", "places", "--folder", saved)
        # Where other lines are answered, that is told by another status.
        status = 1 if name == "gap.txt" else 2
        assert said in run(*words, status=status).stderr


@pytest.mark.full
@pytest.mark.skipif(
    not os.environ.get("LOOKALIKE_DATA"), reason="LOOKALIKE_DATA is not set"
)
def test_wnut17_is_read_whole():
    found = load_wnut17()
    sizes = [len(part.words) for part in (found.train, found.validation, found.test)]
    assert sizes == [3394, 1009, 1287]
    words = sum(tag == "B-location" for own in found.test.tags for tag in own)
    assert words == 150


def test_published_files_are_found_in_their_folder(tmp_path):
    with gzip.open(tmp_path / "wnut17train.conll.gz", "wt") as file:
        file.write("a\tO\n")
    with pytest.raises(ValueError, match="damaged or another file"):
        load_wnut17(tmp_path)


def test_columns_of_tagged_words_are_parted_by_tabs_or_spaces():
    plain = ["I O\n", "live O\n", "Quito B-LOC\n", "\n", "Yes O\n"]
    four = ["I PRP B-NP O\n", "live\tVB\tB-VP\tO\n", "Quito NNP B-NP B-LOC\n", " \n"]
    for lines in (plain, [*four, "Yes UH B-INTJ O"]):
        found = read_tagged(lines)
        assert found.words == (("I", "live", "Quito"), ("Yes",))
        assert found.tags == (("O", "O", "B-LOC"), ("O",))
    with pytest.raises(ValueError, match="line 2: expected a word and its tag"):
        read_tagged(["yes O\n", "no\n"])
