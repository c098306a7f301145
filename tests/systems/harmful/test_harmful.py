"""The harmful system: kinds, reasons, actions, languages, and what it refuses.

Texts have made-up words in the place of abuse.
"""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.preprocessing import normalize
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.masking import masked
from lookalike.datasets import Images
from lookalike.datasets.composed_posts import compose_posts
from lookalike.datasets.own_posts import load_own_posts
from lookalike.datasets.posts import LabelledPosts
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.features.text import CountVectorizer
from lookalike.systems.harmful.actions import ACTIONS, Costs, decide, value_of_look
from lookalike.systems.harmful.evaluation import (
    mean_ap,
    nine_labels,
    three_classes,
)
from lookalike.systems.harmful.fusion import (
    Hierarchical,
    JointNetwork,
    LateFusion,
    Parts,
    fit_blended,
)
from lookalike.systems.harmful.heads import best_threshold, domains_of
from lookalike.systems.harmful.policy import read_policy
from lookalike.systems.harmful.review import Decision, as_labels, review_order
from lookalike.systems.harmful.system import Harmful
from lookalike.systems.harmful.terms import beside
from lookalike.systems.harmful.texts import MOST_LETTERS, check_text, prepared


def answer(system, text):
    [[found]] = system.classify_each([text])
    return found


# Kinds and probabilities


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


# Reasons


def test_the_words_and_the_rest_add_up_to_the_score(system):
    text = "good day zorgle, walk z o r g l e walk walk house"
    words, parts, intercept = system.parts(text, "insult", "aa")
    place = system.languages_.index("aa"), 1
    head = int(system._routes[place])
    X = system._encoder.transform([prepared(text)])
    score = system._heads.all_scores(X)[0, head]
    assert parts.sum() + intercept == pytest.approx(score, abs=1e-4)
    assert words[int(parts.argmax())].startswith("zorgle")


def test_reasons_are_masked_unless_they_are_revealed(system):
    told = " ".join(system.explain("you zorgle").reasons)
    assert "zorgle" not in told
    assert "z*****" in told
    assert "zorgle" in " ".join(system.explain("you zorgle", reveal=True).reasons)


def test_the_command_and_the_report_show_no_word_unless_revealed(made, tmp_path):
    def run(*words):
        done = CliRunner().invoke(app, [*words, "--folder", str(made.folder)])
        assert done.exit_code == 0, done.output
        return done.output

    text = "good zorgle"
    for verb in ("classify", "explain"):
        given = (verb, text, "--system", "harmful")
        for form in ((), ("--json",)):
            assert "zorgle" not in run(*given, *form)
            assert "zorgle" in run(*given, *form, "--reveal")
    report = made.spec.build_report(made.system, made.data, made.result)
    html = report.write(tmp_path / "report.html").read_text("utf-8")
    for word in ("zorgle", "plimpish", "grumbold", "vrekko"):
        assert word not in html
    assert any(masked(text) in html for text in made.data.test.texts)


def test_a_policy_of_ones_own_is_told_and_saved(data, tmp_path):
    file = tmp_path / "policy.txt"
    file.write_text("insult: Be kind.\n")
    system = Harmful(policy=str(file)).fit(data)
    system.save(tmp_path / "0001")
    file.unlink()
    loaded = Harmful.load(tmp_path / "0001")
    assert answer(loaded, "good zorgle").policy == "line 1: Be kind."
    for bad, said in (("insult", "line 1"), ("nonsense: x", "a kind"), ("age:", "age")):
        file.write_text(bad)
        with pytest.raises(ValueError, match=said):
            read_policy(file)
    with pytest.raises(ValueError, match="cannot be read"):
        read_policy(tmp_path / "none.txt")


# Actions


def test_removing_needs_its_stated_precision(made, data):
    removed = ACTIONS.index("remove")
    found = made.system.judge(data.test.texts)
    assert (found.actions == removed).any()
    strict = Harmful(precision=0.9999).fit(data)
    assert not (strict.judge(data.test.texts).actions == removed).any()
    assert strict.manifest_.facts["removable"] == []


def test_the_cheapest_action_is_taken():
    costs, shares = Costs(), np.linspace(0, 1, 101)
    taken = decide(shares, np.ones(101, bool), costs)
    expected = costs.expected(shares)
    assert (expected[np.arange(101), taken] == expected.min(axis=1)).all()
    assert (np.diff(taken) >= 0).all()
    assert set(taken.tolist()) == {0, 1, 2, 3}
    assert not (decide(shares, np.zeros(101, bool), costs) == 3).any()


def test_the_queue_is_in_the_order_of_what_a_look_saves():
    rng = np.random.default_rng(0)
    shares, views = rng.random(200), rng.pareto(1.5, 200)
    order = review_order(shares, Costs(), views)
    values = value_of_look(shares, Costs(), views)
    assert (np.diff(values[order]) <= 0).all()
    assert (values[order] > 0).all()
    assert len(order) == (values > 0).sum()


def test_decisions_come_back_as_labels_that_teach(data):
    word = "wibblesnatch"
    decided = [
        Decision(f"{text} {word} {n}", "aa", ("insult",))
        for n, text in enumerate(["good day", "walk home", "bread and song"] * 20)
    ]
    more = as_labels(decided, data.kinds)
    more = LabelledPosts(more.texts, more.labels, more.languages, ("set_aa",) * 60)
    before = Harmful().fit(data).judge([f"good {word}"], ["aa"])
    after = Harmful().fit(replace(data, train=data.train + more))
    after = after.judge([f"good {word}"], ["aa"])
    assert after.probabilities[0, 1] > before.probabilities[0, 1] + 0.2
    with pytest.raises(ValueError, match="A kind must be one of"):
        as_labels([Decision("a text", "aa", ("none",))], data.kinds)


# Input


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"C": 0}, "C must be a positive number"),
        ({"min_df": 0}, "min_df"),
        ({"precision": 1.0}, "precision must lie between 0 and 1"),
        ({"doubt": 0}, "doubt must lie between 0 and 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Harmful(**options).fit(data)


def test_parts_need_harmful_and_harmless_posts(data):
    kept = data.train.take(data.train.labels[:, 0] == 0)
    with pytest.raises(ValueError, match="The train part must hold harmful posts"):
        Harmful().fit(replace(data, train=kept))


def test_a_language_needs_harmful_and_harmless_posts_in_both_parts(data):
    is_other = np.array(data.train.languages) == "bb"
    for name in ("train", "validation"):
        part = getattr(data, name)
        other = np.array(part.languages) == "bb"
        kept = part.take(~other | (part.labels[:, 0] == 0))
        with pytest.raises(ValueError, match=f"in the {name} part; bb has 0 harmful"):
            Harmful().fit(replace(data, **{name: kept}))
    alone = {
        "train": data.train.take(~is_other),
        "validation": data.validation.take(np.array(data.validation.languages) != "bb"),
    }
    with pytest.raises(ValueError, match="The test part has posts in bb, which the"):
        Harmful().fit(replace(data, **alone))


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
    file.write_text("text,insult\nhello,2\n")
    with pytest.raises(ValueError, match="row 2: insult must be 1, 0 or empty"):
        load_own_posts(file)
    file.write_text("words,insult\nhello,1\n")
    with pytest.raises(ValueError, match="needs a column text"):
        load_own_posts(file)
    file.write_text("text,insult\n,1\n")
    with pytest.raises(ValueError, match="holds no texts"):
        load_own_posts(file)


# Measures


def test_measures_are_those_of_their_definitions(result, system, data):
    found = system.judge(data.test.texts, data.test.languages)
    truth = data.test.labels[:, 0]
    assert result.metrics["pr_auc"].value == pytest.approx(
        pr_auc(truth, found.probabilities[:, 0])
    )
    table, scores = np.array([[1, 0], [0, 1]]), np.array([[0.9, 0.2], [0.1, 0.1]])
    assert mean_ap(table, scores) == pytest.approx((1 + 0.5) / 2)
    harmful, hate = np.array([1, 1, 0], bool), np.array([1, 0, 1], bool)
    assert three_classes(harmful, hate).tolist() == [0, 1, 2]
    assert nine_labels(
        np.array([[True], [False]]), np.array([True, False])
    ).tolist() == [
        [1, 0],
        [0, 1],
    ]


def test_the_threshold_has_the_best_f1():
    labels = np.array([0, 0, 0, 1, 0, 1, 1, 1.0])
    shares = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert 0.3 < best_threshold(labels, shares, macro=False) < 0.4
    rare = np.array([0] * 9 + [1.0])
    assert best_threshold(rare, np.linspace(0, 0.9, 10), macro=True) > 0.8


def test_copies_are_counted_by_their_letters(made, data):
    test = replace(
        data.test, texts=(f"{data.train.texts[0].upper()}!", *data.test.texts[1:])
    )
    found = made.spec.evaluate(made.system, replace(data, test=test))
    assert found.facts["n_copies"] == made.result.facts["n_copies"] + 1


# Text and picture


@pytest.fixture(scope="module")
def posts():
    """Posts whose pictures are a bright row each, so that what is shown is plain."""
    rng = np.random.default_rng(0)
    things = np.arange(400) % 10
    pictures = rng.integers(0, 40, (400, 10, 6)).astype(np.uint8)
    pictures[np.arange(400), things] = 220
    data = Images("toy", "", pictures, things, pictures, things)
    return [compose_posts(data.x_train, data.y_train, n, n) for n in (4000, 1000, 1500)]


@pytest.fixture(scope="module")
def parts(posts):
    words = CountVectorizer().fit(posts[0].texts)
    return [
        Parts(
            (each.pictures.reshape(len(each), -1) / 255).astype(np.float32),
            words.transform(each.texts).toarray().astype(np.float32),
        )
        for each in posts
    ]


def test_harm_that_is_in_neither_part_is_seen_early_and_not_late(posts, parts):
    (known, kept, asked), (train, held, test) = parts, posts
    early = JointNetwork(n_hidden=64, n_epochs=25).fit(known, train.labels)
    late = LateFusion(True).fit(known, train.labels, kept, held.labels)
    concepts = Hierarchical().fit(known, train.things, train.intents, train.labels)
    found = [pr_auc(test.labels, m.predict(asked)) for m in (early, late, concepts)]
    assert found[0] > 0.75
    assert abs(found[1] - test.labels.mean()) < 0.08
    assert found[2] > 0.85


def test_blending_leaves_out_parts_that_gain_nothing(posts, parts):
    (known, kept, _), (train, held, _) = parts, posts
    model = fit_blended(known, train.labels, kept, held.labels, n_epochs=8)
    assert model.weights[2] >= 1 / 3
    assert sum(model.weights) == pytest.approx(1)


def test_answers_are_ready_for_a_log_without_words(system):
    record = answer(system, "good zorgle").record()
    assert "zorgle" not in json.dumps(record)


def test_a_kind_that_is_unlikely_is_not_told_as_the_reason(system):
    shares, named = np.array([0.9, 0.3, 0.4]), np.ones(3, bool)
    assert system._kind(shares, named) == "any"
    assert system._kind(np.array([0.9, 0.6, 0.5]), named) == "insult"
    assert system._kind(np.array([0.9, np.nan, 0.5]), named) == "age"
    assert system._kind(shares, np.zeros(3, bool)) is None


def test_blocks_beside_each_other_are_what_scipy_and_scikit_learn_make():
    rng = np.random.default_rng(0)
    one, other = (
        sp.random(40, width, 0.2, "csr", np.float32, rng) for width in (7, 30)
    )
    expected = sp.hstack([normalize(one), normalize(other)], format="csr")
    found = beside(one, other)
    np.testing.assert_allclose(found.toarray(), expected.toarray(), rtol=1e-6)
    assert found.has_sorted_indices
    alone = [beside(one[row], other[row]).toarray() for row in range(40)]
    np.testing.assert_array_equal(np.vstack(alone), found.toarray())
