"""Published sets of harmful texts in one form; nothing here holds or prints abuse."""

import csv
import gzip
import hashlib
import io
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.datasets import locate
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.composed_posts import (
    INTENTS,
    compose_posts,
    is_harmful,
    made_up_signals,
)
from lookalike.datasets.harmful_texts import (
    HARMFUL_TEXTS,
    load_davidson,
    load_germeval2018,
    load_harmful_texts,
    load_hatecheck,
    load_kmhas,
    load_mlma,
    load_told_br,
)
from lookalike.datasets.posts import KINDS, SIGNALS, letters_of, n_shared, place_of

has_data = pytest.mark.skipif(
    "LOOKALIKE_DATA" not in os.environ, reason="needs LOOKALIKE_DATA"
)
AT = {kind: at for at, kind in enumerate(KINDS)}


@pytest.fixture(autouse=True)
def any_contents(monkeypatch, request):
    """Take files of any contents for the published ones, but in tests of those."""
    if "published" not in request.node.name:
        monkeypatch.setattr(locate, "verify", lambda path, file: None)


def whole(posts):
    return posts.train + posts.validation + posts.test


def row_of(posts, text):
    found = whole(posts)
    return found.labels[found.texts.index(text)]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as out:
        out.write(text)


def table(*rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def test_davidson_has_hate_offence_and_neither(tmp_path):
    votes = (2, 1, 0), (1, 2, 0), (0, 0, 3)
    rows = [(n, 3, *own, n, f"text {n}") for n, own in enumerate(votes)]
    head = (
        "",
        "count",
        "hate_speech",
        "offensive_language",
        "neither",
        "class",
        "tweet",
    )
    write(tmp_path / "hate_speech_davidson.csv.gz", table(head, *rows))
    posts = load_davidson(tmp_path)
    columns = [AT["any"], AT["hate"]]
    assert [row_of(posts, f"text {n}")[columns].tolist() for n in range(3)] == [
        [1, 1],
        [1, 0],
        [0, 0],
    ]
    assert np.isnan(row_of(posts, "text 0")[AT["insult"]])
    assert whole(posts).agreement is None


def test_told_br_counts_what_one_rater_saw(tmp_path):
    kinds = ("homophobia", "obscene", "insult", "racism", "misogyny", "xenophobia")
    write(
        tmp_path / "ToLD-BR.csv.gz",
        table(("text", *kinds), ("a", 0, 1.0, 0, 0, 3.0, 0), ("b", 0, 0, 0, 0, 0, 0.0)),
    )
    posts = load_told_br(tmp_path / "ToLD-BR.csv.gz")
    first = row_of(posts, "a")
    assert [kind for kind in KINDS if first[AT[kind]] == 1] == [
        "any",
        "obscene",
        "sexism",
    ]
    assert np.nansum(row_of(posts, "b")) == 0
    found = whole(posts)
    agreed = found.agreement[found.texts.index("a")]
    kinds = [AT["any"], AT["obscene"], AT["sexism"], AT["racism"]]
    np.testing.assert_allclose(agreed[kinds], [1, 1 / 3, 1, 1])


def test_kmhas_may_have_several_labels_and_tabs(tmp_path):
    write(tmp_path / "kmhas_valid.txt.gz", "document\tlabel\na b\t0,3\nc\td\t8\n")
    write(tmp_path / "kmhas_test.txt.gz", "document\tlabel\ne\t7\n")
    posts = load_kmhas(tmp_path)
    assert set(whole(posts).texts) == {"a b", "c\td", "e"}
    first = row_of(posts, "a b")
    assert (first[AT["any"]], first[AT["xenophobia"]], first[AT["obscene"]]) == (
        1,
        1,
        1,
    )
    assert np.nansum(row_of(posts, "c\td")) == 0


def test_germeval_keeps_its_own_test_part(tmp_path):
    write(
        tmp_path / "germeval2018.training.txt.gz",
        "".join(f"text {n}\tOFFENSE\tABUSE\n" for n in range(40)),
    )
    write(tmp_path / "germeval2018.test.txt.gz", "last\tOTHER\tOTHER\n")
    posts = load_germeval2018(tmp_path)
    assert posts.test.texts == ("last",)
    assert len(posts.train) + len(posts.validation) == 40
    assert min(len(posts.train), len(posts.validation)) > 0
    assert posts.train.labels[0, AT["hate"]] == 1


def test_mlma_counts_a_target_only_where_there_is_harm(tmp_path):
    head = ("HITId", "tweet", "sentiment", "directness", "annotator_sentiment")
    head = (*head, "target", "group")
    with zipfile.ZipFile(tmp_path / "hate_speech_mlma.zip", "w") as archive:
        for language in ("en", "fr", "ar"):
            rows = [
                (1, f"{language} a", "hateful_normal", "", "", "origin", ""),
                (2, f"{language} b", "normal", "", "", "origin", ""),
            ]
            archive.writestr(
                f"hate_speech_mlma/{language}_dataset.csv", table(head, *rows)
            )
    posts = load_mlma(tmp_path / "hate_speech_mlma.zip")
    assert set(whole(posts).languages) == {"en", "fr", "ar"}
    harmful, other = row_of(posts, "fr a"), row_of(posts, "fr b")
    columns = [AT["any"], AT["hate"], AT["xenophobia"], AT["sexism"]]
    assert harmful[columns].tolist() == [1, 1, 1, 0]
    assert other[columns].tolist() == [0, 0, 0, 0]


def test_hatecheck_is_of_another_type_which_is_not_learned_from(tmp_path):
    head = ("mhc_case_id", "functionality", "test_case", "label_gold", "target_ident")
    for file in CATALOGUE["hatecheck_multilingual"].files:
        name = file.path.partition("/")[2]
        write(
            tmp_path / name,
            table(
                head,
                (1, "f1", "one", "hateful", "a"),
                (2, "f2", "b", "non-hateful", ""),
            ),
        )
    cases = load_hatecheck(tmp_path)
    assert cases.is_hateful.tolist() == [True, False] * 10
    assert len(set(cases.languages)) == 10
    assert not hasattr(cases, "train")
    assert load_hatecheck not in HARMFUL_TEXTS.values()


@has_data
def test_published_sets_are_whole_and_copies_lie_in_one_part():
    try:
        posts = load_harmful_texts()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert len(whole(posts)) == 98_053
    assert set(posts.train.sources) == set(HARMFUL_TEXTS)
    assert n_shared(posts.train.texts, posts.validation.texts) == 0
    for part in (posts.train, posts.validation, posts.test):
        assert len(part.texts) == len(part.labels) == len(part.languages)
        assert np.nanmin(part.labels) == 0
        any_of, kinds = part.labels[:, :1], part.labels[:, 1:]
        assert (kinds <= np.where(np.isnan(any_of), 1, any_of))[
            np.isfinite(kinds)
        ].all()
    try:
        assert len(load_hatecheck().texts) == 36_582
    except FileNotFoundError as error:
        pytest.skip(str(error))


@given(st.text(max_size=60))
def test_copies_with_other_signs_and_cases_share_a_place(text):
    assert 0 <= place_of(text) < 1
    if letters_of(text) != text and text.isascii() and "@" not in text:
        assert place_of(f"  {text.upper()}!! ") == place_of(text)


def test_the_place_does_not_depend_on_the_process():
    digest = hashlib.sha256(b"goodday").digest()
    assert place_of("Good day") == int.from_bytes(digest[:6], "big") / 2**48


# The composed world


def test_neither_part_of_a_composed_post_says_anything_alone():
    things = np.arange(1000) % 10
    posts = compose_posts(np.zeros((1000, 4, 4), np.uint8), things, 40_000)
    for concept in (posts.things, posts.intents):
        shares = [posts.labels[concept == each].mean() for each in range(10)]
        assert np.ptp(shares) < 0.04
    right = posts.labels == is_harmful(posts.things, posts.intents)
    assert right.mean() == pytest.approx(0.95, abs=0.005)
    for text, intent in zip(posts.texts[:50], posts.intents[:50], strict=True):
        assert text.startswith(INTENTS[intent])


def test_a_composed_world_is_the_same_for_a_seed():
    things = np.arange(50) % 10
    one, other, third = (
        compose_posts(np.zeros((50, 4, 4), np.uint8), things, 30, seed)
        for seed in (1, 1, 2)
    )
    assert one.texts == other.texts != third.texts
    np.testing.assert_array_equal(one.labels, other.labels)


def test_signals_of_the_composed_world_say_a_little():
    labels = np.arange(4000) % 2
    found = made_up_signals(labels, np.random.default_rng(0))
    harmful, harmless = (np.nanmean(found[labels == n], axis=0) for n in (1, 0))
    ratio = dict(zip(SIGNALS, (harmful / harmless).tolist(), strict=True))
    assert ratio["reaction_reports"] > 2
    assert ratio["author_violations"] > 1.5
    assert 0.8 < ratio["author_days"] < 1.25
    assert 0.05 < np.isnan(found[:, 0]).mean() < 0.15
