"""Search of texts: fusion that is learned and gated, filters, phrases, explanations."""

import json
import os
from dataclasses import replace
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.gated_weight import WEIGHTS
from lookalike.core.items import Item
from lookalike.datasets import TextCollection
from lookalike.evaluate import evaluate_rankings
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.search.terms import Analysis
from lookalike.systems.documents import SPEC
from lookalike.systems.documents.attributes import facets_of
from lookalike.systems.documents.evaluation import sentences_taken_out
from lookalike.systems.documents.fusion import (
    Candidates,
    Weights,
    learn_fusion,
    quality,
)
from lookalike.systems.documents.judged_queries import JudgedQueries
from lookalike.systems.documents.system import Documents

TESTS = Path(__file__).parents[2]
LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


@pytest.fixture(scope="module")
def made(small):
    return small("documents")


def collection(texts, **more):
    ids = [f"d{n}" for n in range(len(texts))]
    about = {"titles": [""] * len(texts), "query_ids": [], "queries": [], "grades": []}
    about |= {"training": []} | more
    return TextCollection("own", "", ids, texts=list(texts), **about)


def random_candidates(rng, n_queries, helps):
    """Rankings by words of which meaning makes some better, or all worse."""
    found, grades = [], []
    for _ in range(n_queries):
        relevant = rng.random(30) < 0.2
        words = rng.random(30)
        about = relevant * 0.8 + rng.random(30) * 0.3 if helps else rng.random(30)
        found.append(Candidates(np.arange(30), words, about, np.zeros(30)))
        grades.append({int(row): 1 for row in np.flatnonzero(relevant)})
    return found, grades


# Fusion


def test_meaning_counts_where_it_helps_and_not_where_it_does_not():
    rng = np.random.default_rng(0)
    helped = learn_fusion(*random_candidates(rng, 60, helps=True))
    assert helped.weight in WEIGHTS
    assert helped.gain > 0.1
    assert helped.p_value < 0.01
    shut = [learn_fusion(*random_candidates(rng, 60, helps=False)) for _ in range(20)]
    assert sum(each.weight > 0 for each in shut) <= 2
    assert all(each.tried > 0 for each in shut)
    few = learn_fusion(*random_candidates(rng, 19, helps=True))
    assert (few.weight, few.n_queries) == (0.0, 19)


def test_the_chosen_weight_has_the_highest_mean():
    found, grades = random_candidates(np.random.default_rng(1), 40, helps=True)
    fusion = learn_fusion(found, grades)
    means = {w: quality(found, grades, Weights(w)).mean() for w in WEIGHTS}
    assert means[fusion.tried] == max(means.values())


def test_candidates_are_ordered_by_the_sum_and_without_weight_by_words_alone():
    words, about = np.array([0.5, 0.0, 1.0, 0.5]), np.array([0.1, 0.9, 0.0, 0.1])
    judged = np.array([0.0, 0.25, 0.0, 1.0])
    each = Candidates(np.array([3, 5, 8, 9]), words, about, judged)
    rows, scores = each.best(Weights(2.0), 10)
    assert rows.tolist() == [5, 8, 3, 9]  # 1.8, 1.0, 0.7 and 0.7, the first first
    assert scores == pytest.approx([1.8, 1.0, 0.7, 0.7])
    assert each.best(Weights(), 10)[0].tolist() == [8, 3, 9]  # no word, not found
    assert each.best(Weights(2.0), 2)[0].tolist() == [5, 8]
    rows, scores = each.best(Weights(0.0, 2.0), 10)
    assert rows.tolist() == [9, 8, 3, 5]  # votes alone find a document
    assert scores == pytest.approx([2.5, 1.0, 0.5, 0.5])


def test_votes_count_beside_what_counts_already_and_only_where_they_help():
    rng = np.random.default_rng(3)
    for helps in (True, False):
        found, grades = random_candidates(rng, 60, helps=True)
        voted = [
            replace(each, judged=(each.about > 0.5) * 1.0 if helps else rng.random(30))
            for each in found
        ]
        fusion = learn_fusion(voted, grades, "judged", Weights(judged=9.0))
        assert (fusion.weight > 0) == helps
        beside = Weights(about=learn_fusion(voted, grades).weight)
        assert learn_fusion(voted, grades, "judged", beside).gain < fusion.gain + 0.05


# Judged queries

TEXTS = ["car motor road", "motor lorry road", "car road", "wine tea", "tea glass wine"]


def judged_queries():
    meaning, _ = LatentMeaning.fit(TEXTS, Analysis(), 2)
    queries = ["car motor", "wine", "the car", "zebra"]
    relevant = [["d0"], ["d3", "d4"], ["d0", "d2"], ["d1"]]
    return JudgedQueries(queries, relevant, meaning, Analysis()), meaning


@pytest.mark.parametrize("query", ["car", "motor road wine", "glass", "zebra", ""])
@pytest.mark.parametrize("left_out", [None, 0, 2])
def test_votes_are_squared_cosines_of_queries_added_up_to_one(query, left_out):
    judged, meaning = judged_queries()

    def row(text):
        dense = np.zeros(len(meaning.terms_))
        terms, weights = meaning.term_weights(text, Analysis())
        dense[terms] = weights
        return dense

    queries = ["car motor", "wine", "the car", "zebra"]
    cosines = [float(row(each) @ row(query)) for each in queries]
    assert judged.similarities(query) == pytest.approx(cosines)
    squares = [0 if at == left_out else c * c for at, c in enumerate(cosines)]
    expected = {
        "d0": squares[0] + squares[2],
        "d1": squares[3],
        "d2": squares[2],
        "d3": squares[1],
        "d4": squares[1],
    }
    expected = {id: min(vote, 1) for id, vote in expected.items() if vote > 0}
    assert judged.votes(query, left_out) == pytest.approx(expected)


def test_judged_queries_come_back_from_their_arrays_and_damaged_ones_do_not():
    judged, meaning = judged_queries()
    arrays = judged.arrays()
    again = JudgedQueries.from_arrays(arrays, meaning, Analysis())
    assert again.votes("car wine") == judged.votes("car wine")
    assert again.most_similar("car", "d0") == "the car"
    with pytest.raises(LookupError, match="No judged query votes for 'd1'"):
        again.most_similar("car", "d1")
    for ends in (arrays["ends"][:-1], arrays["ends"] + 1, arrays["ends"][::-1]):
        with pytest.raises(ValueError, match="its judged queries and their documents"):
            JudgedQueries.from_arrays(arrays | {"ends": ends}, meaning, Analysis())
    nobody = JudgedQueries([], [], meaning, Analysis())
    assert nobody.votes("car") == {}
    again = JudgedQueries.from_arrays(nobody.arrays(), meaning, Analysis())
    assert len(again) == 0


def test_what_was_relevant_for_a_similar_query_comes_first_and_says_why(tmp_path):
    texts = [f"car part number {n // 2}" for n in range(40)]
    queries = [(f"part number {n}", {f"d{39 - n}": 1}) for n in range(20)]
    again = [(f"a part number {n}", {f"d{39 - n}": 1}) for n in range(20)]
    data = collection(texts, training=queries + again)
    system = SPEC.new({"n_components": 0}).fit(data)
    assert system.weights.about == 0
    assert system.weights.judged > 0
    assert "judged queries" in system.manifest_.embedding_version
    system.save(tmp_path / "0001")
    for each in (system, Documents.load(tmp_path / "0001")):
        [answer] = each.search_each(["the part number 7"], 3)
        assert answer.ids[0] == "d32"
        assert answer.columns["judged"][0] > 0.9
        found = each.explain_item("the part number 7", "d32")
        assert found["rank"] == 1
        assert found["score"] == pytest.approx(answer.scores[0])
        [why] = [p for p in found["parts"] if p["part"] == "judged relevant before"]
        assert why["because"] == " (for 'part number 7')"
    gone = system.with_items([Item(id="d32", deleted=True)])
    assert "d32" not in gone.search_each(["the part number 7"], 40)[0].ids


# Meaning


def test_vectors_are_the_leading_singular_ones_of_the_weighed_counts():
    texts = ["car road", "car car bridge", "road bridge", "wine tea", "tea wine wine"]
    analysis = Analysis(None)
    model, vectors = LatentMeaning.fit(texts, analysis, 5)
    terms = model.terms_
    counts = np.array([[t.split().count(term) for term in terms] for t in texts])
    weights = np.log(5 / (counts > 0).sum(axis=0))
    X = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * weights
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    # With all directions, cosines are those of the rows themselves.
    assert vectors @ vectors.T == pytest.approx(X @ X.T, abs=1e-5)
    two, vectors = LatentMeaning.fit(texts, analysis, 2)
    _, _, V = np.linalg.svd(X)
    kept = X @ V[:2].T
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    assert vectors @ vectors.T == pytest.approx(kept @ kept.T, abs=1e-4)
    own = np.stack([two.vector(text, analysis) for text in texts])
    assert own == pytest.approx(vectors, abs=1e-5)
    assert not two.vector("zebra", analysis).any()


def test_texts_without_a_common_term_have_no_direction(made):
    _, vectors = LatentMeaning.fit(["one", "two"], Analysis(None), 3)
    assert vectors.shape == (2, 0)
    found = SPEC.new({}).fit(collection(["one wine", "two teas"]))
    assert found.search_each(["wine"])[0].ids == ["d0"]
    assert found.similar_each(["d0"])[0].ids == []


# Answers


def test_a_document_without_any_word_of_the_query_is_found_by_what_it_is_about(made):
    texts = ["car motor road"] * 4 + ["motor lorry road"] * 4 + ["wine tea glass"] * 12
    queries = [("car", {f"d{n}": 1 for n in range(8)})] * 30
    system = SPEC.new({"n_components": 2}).fit(collection(texts, training=queries))
    assert system.fusion_.weight > 0
    [answer] = system.search_each(["car"], 20)
    assert sorted(answer.ids) == [f"d{n}" for n in range(8)]
    assert answer.columns["words"][-1] == 0
    told = system.explain_item("car", answer.ids[-1])
    assert [part["part"] for part in told["parts"]] == ["what it is about"]


def test_the_first_scores_are_what_both_rankings_say(made):
    system = made.system
    for query in ("wine glass", "a driver on the road"):
        found = system.candidates(query)
        hits = system.documents_.now.search(query, 60)
        score = dict(zip(hits.ids[0].tolist(), hits.scores[0].tolist(), strict=True))
        analysis = system.documents_.index.form.analysis
        vector = system.meaning_.vector(query, analysis)
        for row, words, about in zip(found.rows, found.words, found.about, strict=True):
            id = made.data.ids[row]
            assert words == pytest.approx(score.get(id, 0.0) / max(score.values()))
            own = system.documents_.vector(row)
            assert about == pytest.approx(own @ vector, abs=1e-5)


def test_filters_let_values_through_and_facets_count_them(made):
    system = made.system
    [answer] = system.search_each(["beside the one"], 60, {"kind": ["roads", "music"]})
    assert {int(id[1:]) % 4 for id in answer.ids} == {1, 2}
    assert len(answer.ids) == 30
    counts = system.facet_counts("wine", ["kind"])["kind"]
    holds = [at for at, text in enumerate(made.data.whole) if "wine" in text.split()]
    expected = np.bincount([at % 4 for at in holds])
    assert list(counts.values()) == [n for n in expected if n]
    assert system.facet_counts(None, ["kind"])["kind"]["garden"] == 15
    only = system.facet_counts(None, ["kind"], {"kind": ["music"]})
    assert only == {"kind": {"music": 15}}
    with pytest.raises(ValueError, match="no facet 'colour'; there are 'kind'"):
        system.search_each(["wine"], where={"colour": ["red"]})
    with pytest.raises(ValueError, match="kind takes values, not bounds"):
        system.search_each(["wine"], where={"kind": {"gte": 1}})


def test_documents_that_hold_a_quoted_phrase_come_first_and_others_follow(made):
    texts = ["red wine", "wine that is red red red", "red tea"]
    system = SPEC.new({}).fit(collection(texts))
    assert system.search_each(['"red wine"'])[0].ids[0] == "d0"
    assert sorted(system.search_each(['"red wine"'])[0].ids) == ["d0", "d1", "d2"]
    assert system.search_each(["„wine that“ red"])[0].ids[0] == "d1"
    assert system.search_each(['"wine that red'])[0].ids  # a mark alone is a blank


@pytest.mark.parametrize("query", ["", "   ", "...", '""', "؟!", 7, None])
def test_a_query_without_a_word_is_refused(made, query):
    with pytest.raises(ValueError, match=r"^A query must .*\.$"):
        made.system.search_each([query])


@pytest.mark.parametrize(
    "query",
    [
        "the of and",
        "wine " * 10_000,
        "wi\u200bne\x07",
        "\u0130stanbul \u0131\u015f\u0131k",
        "\u202e\u05e2\u05d1\u05e8\u05d9\u05ea \u0639\u0631\u0628\u064a",
        "\ud800 wine",
        '"""wine" "',
    ],
)
def test_odd_queries_have_a_right_answer(made, query):
    [answer] = made.system.search_each([query], 5)
    assert [answer.records()] == [
        each.records() for each in made.system.search_each([query], 5)
    ]
    if "wine" in query:
        assert "wine" in answer.columns["passage"][0]


def test_similar_documents_are_about_the_same_things(made):
    for id in ("d0", "d1", "d2", "d3"):
        [answer] = made.system.similar_each([id], 5)
        assert {int(found[1:]) % 4 for found in answer.ids} == {int(id[1:]) % 4}


# Did you mean


def test_a_misspelt_query_says_what_was_meant_and_is_answered_all_the_same(made):
    for system in (made.system, SPEC.system_class.load(made.folder)):
        answers = system.search_each(["red wime", "wime on the brigde", "red wine"])
        meant = [answer.did_you_mean for answer in answers]
        assert meant == ["red wine", "wine on the bridge", None]
        [again] = system.search_each(["wine on the bridge"])
        assert (again.did_you_mean, answers[1].ids != again.ids) == (None, True)
    assert answers[0].reordered([]).did_you_mean == answers[0].did_you_mean


def test_what_a_filter_leaves_out_is_not_meant(made):
    meant = [
        made.system.search_each(["wime"], where={"kind": [kind]})[0].did_you_mean
        for kind in ("drinks", "roads")
    ]
    assert meant == ["wine", None]


def test_words_of_a_new_document_are_suggested(made):
    step = made.spec.system_class.load(made.folder)
    [before] = step.search_each(["accordoin"])
    found = step.with_items([new("x", "an accordion", 1, kind="music")])
    [after] = found.search_each(["accordoin"])
    assert (before.did_you_mean, after.did_you_mean) == (None, "accordion")


def test_the_command_asks_whether_something_else_was_meant(made):
    arguments = ["search", "wime on the brigde", "tea", "--system", "documents"]
    arguments += ["--folder", str(made.folder.parent)]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert told.output.count("Did you mean") == 1
    assert "Did you mean wine on the bridge?" in told.output
    first, second = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)[
        "answers"
    ]
    assert first["did_you_mean"] == "wine on the bridge"
    assert "did_you_mean" not in second


# Documents that come and go


def new(id, text, revision, title=None, **attributes):
    return Item(id, title, {"text": text, **attributes}, revision=revision)


def test_what_came_changed_and_went_is_answered_like_a_collection_made_anew(made):
    data, system = made.data, made.system
    changes = [
        new("d3", "a bicycle on the bridge", 1, "Of bicycles", kind="roads"),
        new("x1", "wine from a bicycle", 2, kind="drinks"),
        Item("d5", deleted=True, revision=3),
        Item("d7", deleted=True, revision=4),
        new("d7", "an accordion and a song", 5, kind="music"),
        Item("never there", deleted=True, revision=6),
    ]
    step = made.spec.system_class.load(made.folder)
    before = plain(step, ["bicycle", "a song"])
    first = step.with_items(changes[:2])
    found = first.with_items(changes[2:4]).with_items(changes[4:])
    assert plain(step, ["bicycle", "a song"]) == before
    assert not found.has_item("d5")
    assert found.document("d3") == {
        "title": "Of bicycles",
        "text": "a bicycle on the bridge",
        "attributes": {"kind": "roads"},
    }
    rows = [at for at, id in enumerate(data.ids) if id not in ("d5", "d7")]
    ids = [*(data.ids[at] for at in rows), "x1", "d7"]
    texts = [*(data.texts[at] for at in rows), "wine from a bicycle"]
    texts.append("an accordion and a song")
    titles = [*(data.titles[at] for at in rows), "", ""]
    kinds = [data.attributes[at] for at in rows]
    kinds += [{"kind": "drinks"}, {"kind": "music"}]
    at = ids.index("d3")
    texts[at], titles[at] = "a bicycle on the bridge", "Of bicycles"
    kinds[at] = {"kind": "roads"}
    anew = TextCollection("own", "", ids, titles, texts, [], [], [], [], kinds)
    expected = SPEC.new(made.options).fit(anew)
    for query in ("bicycle", "a song of wine", "the one"):
        mine, other = (each.search_each([query], 99)[0] for each in (found, expected))
        assert mine.ids == other.ids
        assert mine.scores == pytest.approx(other.scores)
        assert mine.labels == other.labels
    counts = found.facet_counts(None, ["kind"])
    assert counts == expected.facet_counts(None, ["kind"])
    analysis = found.documents_.index.form.analysis
    vector = system.meaning_.vector("wine from a bicycle", analysis)
    own = found.documents_.vector(found.documents_.row_of("x1"))
    assert own == pytest.approx(vector)


def test_a_document_without_a_word_or_with_an_unknown_attribute_is_refused(made):
    with pytest.raises(ValueError, match="must hold a letter or a digit"):
        made.system.check_item(new("a", " ... ", 1))
    with pytest.raises(ValueError, match="no facet 'colour'; there are 'kind'"):
        made.system.check_item(new("a", "wine", 1, colour="red"))
    made.system.check_item(new("a", "", 1, "Wine", kind="drinks"))


def plain(system, queries):
    return [answer.records() for answer in system.search_each(queries, 99)]


# Evaluation


def test_sentences_are_taken_out_of_texts_that_have_two(made):
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(400)]
    texts = [
        ". ".join(" ".join(rng.choice(words, 8)) for _ in range(3)) + "."
        for _ in range(40)
    ]
    data = collection([*texts, "Only one sentence of some words is here.", "Short."])
    asked = sentences_taken_out(data)
    assert len(asked.queries) == 40
    for query, grades in zip(asked.queries, asked.grades, strict=True):
        [id] = grades
        row = data.ids.index(id)
        assert query in data.texts[row]
        assert query not in asked.texts[row]
    result = SPEC.evaluate(SPEC.new({}).fit(data), data)
    assert result.tested == "40 sentences taken out of documents in 42 documents"


def test_short_texts_are_searched_and_nothing_is_measured(tmp_path):
    texts = {"a": "red wine", "b": "a wine glass", "c": "green tea"}
    for name, text in texts.items():
        (tmp_path / "texts").mkdir(exist_ok=True)
        (tmp_path / "texts" / f"{name}.txt").write_text(text, encoding="utf-8")
    where = ["--folder", str(tmp_path / "runs")]
    data = ["--data", str(tmp_path / "texts")]

    def run(*words):
        found = CliRunner().invoke(app, [*words, *where])
        assert found.exit_code == 0, found.output
        return found.output

    nothing = (
        "nothing: 3 documents without judged queries, none with two sentences, one"
    )
    assert f"measured: {nothing} of 6 words or more" in run("train", "documents", *data)
    report = str(tmp_path / "report.html")
    assert nothing in run("evaluate", "documents", *data, "--report", report)
    assert "b.txt" in run("search", "glass")
    assert "how good the search is has not been measured" in run(
        "describe", "documents"
    )


def test_a_fold_is_answered_with_what_the_others_teach(made):
    result = made.result
    assert result.facts["is_cross_validated"]
    assert result.facts["n_test"] == len(made.data.queries)
    outcomes = result.metrics["ndcg_at_10_of_words alone"].value
    system, data = made.system, made.data
    rankings = [
        system.ranked(query, system.candidates(query), Weights())[0].tolist()
        for query in data.queries
    ]
    own = evaluate_rankings(
        rankings, list(map(system.by_row, data.grades)), ["ndcg@10"]
    )
    assert outcomes == pytest.approx(own["ndcg@10"].mean())


def test_attributes_with_few_short_values_are_facets():
    rows = [{"kind": "ab"[n % 2], "url": f"u{n}", "note": "x" * 300} for n in range(10)]
    assert facets_of(rows) == ("kind",)
    assert facets_of([]) == ()


@pytest.mark.full
def test_meaning_pays_on_cranfield_and_is_off_where_it_does_not():
    from lookalike.datasets import load_cacm, load_cranfield

    pays_on = [(load_cranfield, True), (load_cacm, False)]
    for load, pays in pays_on if LONG > 1 else pays_on[:1]:
        data = load()
        served, result = SPEC.train(SPEC.new({}), data)
        assert (served.fusion_.weight > 0) is pays
        value = {name: each.value for name, each in result.metrics.items()}
        alone = [value[f"ndcg_at_10_of_{name} alone"] for name in ("words", "meaning")]
        assert value["ndcg_at_10"] >= max(alone) - 0.003
        if pays:
            assert value["ndcg_at_10"] >= alone[0] + 0.03


def test_an_encoder_of_sentences_says_what_texts_are_about(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    made = run_path(str(TESTS / "features" / "test_text_encoder.py"))
    folder = made["folder_of"](tmp_path / "encoder", "onnx", start=False)
    texts = ["car"] * 4 + ["lorry"] * 4 + ["wine"] * 12 + ["?!."]
    queries = [("car", {f"d{n}": 1 for n in range(4)})] * 30
    asked = {"query_ids": ["q"], "queries": ["wine"], "grades": [{"d8": 1}]}
    data = collection(texts, training=queries, **asked)
    system = SPEC.new({"text_encoder": str(folder)}).fit(data)
    vectors = made["TABLE"][3:] / np.linalg.norm(made["TABLE"][3:], axis=1)[:, None]
    assert system.documents_.vector(4) == pytest.approx(vectors[1], abs=1e-6)
    found = system.candidates("car")
    at = np.searchsorted(found.rows, 0)
    assert found.about[at] == pytest.approx(1, abs=1e-6)
    system.save(tmp_path / "0001", SPEC.evaluate(system, data))
    (folder / "tokenizer.json").unlink()  # what is saved needs the folder no longer
    again = Documents.load(tmp_path / "0001")
    assert again.search_each(["car"], 3) == system.search_each(["car"], 3)
    more = again.with_items([Item("new", None, {"text": "lorry"}, revision=1)])
    row = more.documents_.row_of("new")
    assert more.documents_.vector(row) == pytest.approx(vectors[1], abs=1e-6)
    card = SPEC.build_card(again).markdown()
    assert "4 numbers of an encoder of sentences that others trained" in card
    taken = collection(["A car is on the road to the sea. It is red."] * 3)
    assert SPEC.evaluate(again, taken).facts["n_test"] == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"text_encoder": "no such folder"}, "no such folder is no folder; expected"),
        (
            {"pooling": "last token"},
            "pooling must be one of 'mean', 'first token', got",
        ),
    ],
)
def test_an_encoder_that_is_none_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        SPEC.new(options).fit(collection(["one wine"]))
