"""An index of texts answers like an exhaustive scorer, whatever was changed before."""

# ruff: noqa: RUF001, RUF043

import copy
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.search import TextIndex
from lookalike.search.terms import Analysis

PLAIN = Analysis(None)
K1, B = 1.2, 0.75


def exhaustive(documents, query, k1=K1, b=B, weights=None):
    """Scores of (row, score), best first: BM25 written out, every document compared.

    documents : a mapping of field to text each, or texts
    """
    weights = weights or {"text": 1.0}
    documents = [d if isinstance(d, dict) else {"text": d} for d in documents]
    scores = {}
    for field, weight in weights.items():
        held = [Counter(PLAIN.terms(d.get(field) or "")) for d in documents]
        n, mean = len(held), sum(map(Counter.total, held)) / max(len(held), 1)
        for term, count in Counter(PLAIN.terms(query)).items():
            df = sum(term in each for each in held)
            for row, each in enumerate(held):
                if term in each and weight:
                    idf = np.log(1 + (n - df + 0.5) / (df + 0.5))
                    norm = k1 * (1 - b + b * each.total() / mean)
                    part = weight * count * idf * each[term] / (each[term] + norm)
                    rounded = round(part * 2**32) / 2**32
                    scores[row] = scores.get(row, 0.0) + rounded
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def assert_equal(hits, expected, ids):
    rows = [row for row, _ in expected]
    assert hits.ids[0].tolist() == [ids[row] for row in rows]
    assert np.allclose(hits.scores[0], [score for _, score in expected], atol=1e-8)


def drawn(rng, n, n_words=12, longest=8):
    """Texts of few words: full of ties."""
    words = np.array([f"w{i}" for i in range(n_words)])
    odds = 1.0 / np.arange(1, n_words + 1)
    return [
        " ".join(rng.choice(words, rng.integers(0, longest), p=odds / odds.sum()))
        for _ in range(n)
    ]


@pytest.mark.parametrize("n", [1, 7, 300, 5000])
def test_the_ranking_is_that_of_the_definition(n):
    rng = np.random.default_rng(n)
    texts = drawn(rng, n)
    index = TextIndex(analysis=PLAIN, store=False).fit(np.arange(n), texts)
    for query in ["w0", "w11", "w0 w1 w5", "w3 w3 w9", "w0 w1 w2 w3 w4 w10", "none"]:
        expected = exhaustive(texts, query)
        for k in (1, 10, n):
            assert_equal(index.search(query, k), expected[:k], range(n))
        assert index.count(query) == len(expected)


@pytest.mark.parametrize(("k1", "b"), [(0.5, 0.0), (2.0, 1.0)])
def test_parameters_and_fields_are_those_of_the_definition(k1, b):
    rng = np.random.default_rng(0)
    pairs = zip(drawn(rng, 200, longest=3), drawn(rng, 200), strict=True)
    documents = [{"title": title, "body": body} for title, body in pairs]
    weights = {"title": 2.5, "body": 1.0}
    index = TextIndex(weights, analysis=PLAIN, k1=k1, b=b)
    index.fit(np.arange(200), documents)
    for query in ("w0 w1", "w2 w7 w8"):
        expected = exhaustive(documents, query, k1, b, weights)
        assert_equal(index.search(query), expected[:10], range(200))
        for fields, asked in (
            (["body"], {"body": 1.0}),
            ({"title": 0.5, "body": 3}, {"title": 0.5, "body": 3}),
        ):
            expected = exhaustive(documents, query, k1, b, asked)
            assert_equal(index.search(query, fields=fields), expected[:10], range(200))


@pytest.mark.parametrize(
    ("analysis", "running"),
    [(None, [1, 2]), (PLAIN, [1]), (Analysis(stop_words=["running"]), [])],
    ids=["english", "plain", "stop word"],
)
def test_texts_become_the_terms_that_the_analysis_makes(analysis, running):
    index = TextIndex(analysis=analysis).fit([1, 2], ["running", "he runs"])
    assert sorted(index.search("running").ids[0].tolist()) == running


def test_counts_beyond_a_byte_and_documents_far_apart_are_held_exactly():
    texts = ["z"] * 70_000
    texts[5] = "rare " * 300
    texts[69_999] = "rare " + "long " * 700
    index = TextIndex(analysis=PLAIN, store=False).fit(np.arange(70_000), texts)
    for query in ("rare", "long rare", "rare z"):
        few = {5: texts[5], 69_999: texts[69_999]}
        reasons = [index.explain(row, query) for row in few]
        assert reasons[0][0].tf == 300
        found = index.search(query, 2)
        scores = dict(zip(found.ids[0].tolist(), found.scores[0], strict=True))
        for row, each in zip(few, reasons, strict=True):
            assert scores[row] == sum(reason.contribution for reason in each)


WORDS = st.lists(st.sampled_from("abcde"), max_size=5).map(" ".join)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "update", "upsert", "remove", "rebuild"]),
        st.dictionaries(st.integers(0, 9), WORDS, max_size=4),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(first=st.dictionaries(st.integers(0, 9), WORDS, max_size=8), changes=CHANGES)
def test_after_any_changes_the_answers_are_those_of_an_index_made_anew(first, changes):
    index = TextIndex(analysis=PLAIN, fields={"text": 1.0}).fit(
        list(first), list(first.values())
    )
    known = dict(first)
    for what, documents in changes:
        if what == "rebuild":
            index.rebuild()
            continue
        if what == "add":
            documents = {i: d for i, d in documents.items() if i not in known}
        elif what in ("update", "remove"):
            documents = {i: d for i, d in documents.items() if i in known}
        if what == "remove":
            index.remove(list(documents))
            known = {i: d for i, d in known.items() if i not in documents}
        else:
            getattr(index, what)(list(documents), list(documents.values()))
            known |= documents
    ids, texts = list(known), list(known.values())
    assert len(index) == len(known)
    assert index.ids.tolist() == ids
    again = TextIndex(analysis=PLAIN).fit(ids, texts)
    loaded = TextIndex.from_state(*index.state())
    for query in ("a", "b c", "a b c d e", 'a "b c"'):
        expected = again.search(query)
        for found in (index.search(query), loaded.search(query)):
            assert found.ids[0].tolist() == expected.ids[0].tolist()
            assert np.abs(found.scores[0] - expected.scores[0]).max(initial=0) < 1e-8
        assert index.count(query) == again.count(query)
        for id, score in zip(found.ids[0].tolist(), found.scores[0], strict=True):
            total = sum(reason.contribution for reason in index.explain(id, query))
            assert abs(total - score) < 1e-8
    for id, text in known.items():
        assert index.get(id) == {"text": text}


def test_lists_are_made_again_when_many_were_added_or_removed():
    rng = np.random.default_rng(1)
    texts = drawn(rng, 3000)
    for background in (False, True):
        index = TextIndex(analysis=PLAIN, background=background)
        for start in range(0, 3000, 300):
            index.add(np.arange(start, start + 300), texts[start : start + 300])
        index.remove(np.arange(1000, 2500))
        left = texts[:1000] + texts[2500:]
        ids = [*range(1000), *range(2500, 3000)]
        assert index.ids.tolist() == ids
        assert_equal(index.search("w0 w4"), exhaustive(left, "w0 w4")[:10], ids)


@pytest.mark.parametrize(("rebuild_share", "n_added"), [(0.0, 0), (0.5, 1100)])
def test_lists_are_made_again_beyond_the_share_told(rebuild_share, n_added):
    texts = drawn(np.random.default_rng(2), 4100)
    index = TextIndex(analysis=PLAIN, rebuild_share=rebuild_share)
    index.fit(np.arange(3000), texts[:3000])
    index.add(np.arange(3000, 4100), texts[3000:])
    assert_equal(index.search("w0 w4"), exhaustive(texts, "w0 w4")[:10], range(4100))
    assert len(index.state()[0]["added_ends"]) == n_added


def test_a_snapshot_does_not_change():
    index = TextIndex().fit(["a", "b"], ["red wine", "green tea"])
    index.add(["c"], ["red tea"])
    before = index.snapshot()
    found = before.search("red tea")
    index.update(["a"], ["black coffee"])
    index.remove(["b"])
    index.add(["d"], ["tea tea tea"])
    assert before.search("red tea").ids[0].tolist() == found.ids[0].tolist()
    assert before.search("red tea").scores[0].tolist() == found.scores[0].tolist()
    assert before.ids.tolist() == ["a", "b", "c"]
    assert index.search("tea").ids[0].tolist() == ["d", "c"]
    assert "b" not in index
    assert "d" in index
    assert 7 not in index


@pytest.fixture(scope="module")
def shop():
    index = TextIndex(("title", "text"), facets=("kind", "colour"))
    index.fit(
        [10, 20, 30],
        [
            {"title": "Wine glass", "text": "A tall glass", "kind": "glass"},
            {
                "title": "Red wine",
                "text": "From France",
                "kind": "drink",
                "colour": "red",
            },
            {"title": "Red glass", "text": "Of red wine glass", "colour": "red"},
        ],
    )
    index.add([40], [{"text": "red wine glass of France", "kind": "drink"}])
    index.update([20], [{"title": "Red wine", "kind": "wine", "colour": "red"}])
    return index


def test_facets_are_counted_exactly_over_what_is_found(shop):
    assert shop.facet("wine", "kind") == {"drink": 1, "glass": 1, "wine": 1}
    assert shop.facet("france", "kind") == {"drink": 1}
    assert shop.facet(None, "colour") == {"red": 2}
    assert shop.facet("glass", "colour", where={"kind": "glass"}) == {}
    assert shop.count("wine", where={"kind": {"glass", "drink"}}) == 2


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"colour": "red"}, {20, 30}),
        ({"colour": ["red"], "kind": ["wine", "drink"]}, {20}),
        ({"kind": "none"}, set()),
        ({10, 40, 99}, {10, 40}),
        ([30], {30}),
        ([], set()),
        (np.array([True, False, False, True]), {10, 40}),
    ],
)
def test_filters_let_through_what_they_say(shop, where, ids):
    assert set(shop.search("red wine glass", where=where).ids[0].tolist()) == ids


def test_phrases_have_to_stand_in_one_field_together(shop):
    assert set(shop.search('"red wine"').ids[0].tolist()) == {20, 30, 40}
    assert shop.search('"wine glass" tall').ids[0].tolist()[0] == 10
    assert set(shop.search('"wine glass"').ids[0].tolist()) == {10, 30, 40}
    assert shop.search('"glass wine"').ids[0].tolist() == []
    assert shop.search("“tall glass”").ids[0].tolist() == [10]
    assert set(shop.search('"tall').ids[0].tolist()) == {10}
    assert shop.search('"red wine"', fields=["text"]).ids[0].tolist() == [30, 40]


def test_a_batch_is_answered_like_its_queries_one_by_one(shop):
    queries = ["red", "", "wine glass", '"red wine"', "nothing", "the"]
    batch = shop.search(queries, 3)
    assert len(batch) == len(queries)
    for i, query in enumerate(queries):
        alone = shop.search(query, 3)
        assert batch.ids[i].tolist() == alone.ids[0].tolist()
        assert batch.scores[i].tolist() == alone.scores[0].tolist()


def test_reasons_add_up_and_passages_show_the_words(shop):
    found = shop.search("red wine france", 4)
    for id, score in zip(found.ids[0].tolist(), found.scores[0], strict=True):
        reasons = shop.explain(id, "red wine france")
        assert abs(sum(r.contribution for r in reasons) - score) < 1e-9
    assert {(r.field, r.term) for r in shop.explain(40, "red France")} == {
        ("text", "red"),
        ("text", "franc"),
    }
    snippet = shop.snippet(40, "Wines of France")
    assert snippet.marked() == "red **wine** glass **of** **France**"
    long = "word " * 100 + "a needle in here " + "word " * 100
    index = TextIndex().fit(["x"], [long])
    passage = index.snippet("x", "needle here", length=40)
    assert "**needle** in **here**" in passage.marked()
    assert len(passage.text) <= 40
    assert passage.starts_inside
    assert passage.ends_inside
    assert index.snippet("x", "nothing", length=9).text == "word word"


def test_a_saved_index_answers_alike_and_damage_is_seen(shop, tmp_path):
    folder = shop.save(tmp_path / "index")
    loaded = TextIndex.load(folder)
    for again in (loaded, copy.copy(shop), pickle.loads(pickle.dumps(shop))):
        found, expected = again.search("red glass"), shop.search("red glass")
        assert found.ids[0].tolist() == expected.ids[0].tolist()
        assert found.scores[0].tolist() == expected.scores[0].tolist()
        assert again.get(20) == shop.get(20)
        assert again.facet(None, "kind") == shop.facet(None, "kind")
        again.add([50], [{"title": "red"}])
        assert 50 in again.search("red", 5).ids[0]
    with pytest.raises(ValueError, match="exists already"):
        shop.save(folder)
    path = folder / "base_packed.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"base_packed.npy is not the file"):
        TextIndex.load(folder)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("base_packed", lambda a: np.where(a < 128, a + 127, a).astype(np.uint8)),
        ("base_byte_ends", lambda a: a + 1),
        ("base_postings_heads", lambda a: a + 100),
        ("base_postings_data", lambda a: a[:-1]),
        ("base_postings_first_block", lambda a: a + 1),
        ("base_postings_short", lambda a: a + 1),
        ("base_id_order", lambda a: np.array([9, 9, 9])),
        ("base_ids", lambda a: a[::-1].copy()),
        ("base_term_order", lambda a: a - 1),
        ("base_positions", lambda a: a[::-1].copy()),
        ("base_facet0", lambda a: a + 9),
        ("base_live", lambda a: a[:-1]),
        ("added_numbers", lambda a: a + 99),
        ("added_ends", lambda a: a + 1),
        ("base_df", lambda a: a.astype(np.int64)),
    ],
)
def test_arrays_of_another_index_are_refused(shop, name, change):
    arrays, about = shop.state()
    arrays[name] = change(arrays[name])
    with pytest.raises(ValueError, match="belong together|holds no|cuts letters"):
        TextIndex.from_state(arrays, about)


def test_arrays_may_lie_at_any_address_and_be_read_only(shop):
    arrays, about = shop.state()
    moved = {}
    for name, array in arrays.items():
        memory = np.zeros(array.nbytes + 1, np.uint8)
        moved[name] = memory[1:].view(array.dtype).reshape(array.shape)
        moved[name][...] = array
        moved[name].flags.writeable = False
    again = TextIndex.from_state(moved, about)
    found, expected = again.search("red glass"), shop.search("red glass")
    assert found.scores[0].tolist() == expected.scores[0].tolist()
    again.remove([10])
    assert again.search("tall").ids[0].tolist() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda i: i.add([1, 1], ["a", "b"]), "1 comes twice in one call"),
        (lambda i: i.add([10], ["a"]), "10 is there already: update it instead"),
        (lambda i: i.add([1], ["a", "b"]), "1 ids do not belong to 2 documents"),
        (lambda i: i.update([1], ["a"]), "1 is not there"),
        (lambda i: i.remove([10, 1]), "1 is not there"),
        (lambda i: i.add(["x"], ["a"]), "ids here are integers, got text"),
        (lambda i: i.add([1], "text"), "must come in a list, got one str"),
        (lambda i: i.add([1], [b"\xff"]), "got bytes: decode it first"),
        (lambda i: i.add([1], [None]), "Document 0 must be .*, got NoneType"),
        (lambda i: i.add([1], [{"name": "a"}]), "has 'name', which is none of text"),
        (lambda i: i.add([1], [{"text": 3}]), "'text' of document 0 must be text"),
        (lambda i: i.search("a", 0), "k must be a whole number of at least 1"),
        (lambda i: i.search([3]), "A query must be text, got 3"),
        (lambda i: i.search("a", fields=["name"]), "no field 'name'; there are 'text'"),
        (lambda i: i.search("a", fields={"text": -1}), "must lie between 0 and 1000"),
        (lambda i: i.search("a", fields={"text": 0}), "must have a weight above 0"),
        (
            lambda i: i.search("a", where={"kind": "x"}),
            "no facet 'kind'; there are none",
        ),
        (lambda i: i.search("a", where=[True]), "one boolean for each of the 2"),
        (lambda i: i.search("a", where={"x"}), "ids here are integers, got text"),
        (lambda i: i.facet("a", "kind"), "no facet 'kind'"),
        (lambda i: i.explain(9, "a"), "9 is not there"),
        (lambda i: i.snippet(10, "a", length=0), "length must be a whole number"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_changes_nothing(change, message):
    index = TextIndex().fit([10, 20], ["a b", "b c"])
    with pytest.raises(ValueError, match=message):
        change(index)
    assert index.ids.tolist() == [10, 20]
    assert index.search("b").ids[0].tolist() == [10, 20]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fields": ()}, "fields must be one name or more"),
        ({"fields": "text"}, "fields must be one name or more in a list"),
        ({"fields": ["a"], "facets": ["a"]}, "must have different names"),
        ({"fields": [3]}, "must have a name, got 3"),
        ({"fields": {"a": "x"}}, "weight of field 'a' must lie between"),
        ({"k1": 0}, "k1 must lie between"),
        ({"b": 2}, "b between 0 and 1"),
        ({"rebuild_share": 2}, "rebuild_share must lie between"),
        ({"analysis": "english"}, "analysis must be an Analysis or None"),
    ],
)
def test_what_is_no_parameter_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextIndex(**arguments)


def test_a_passage_marks_words_that_tell_documents_apart():
    texts = ["a wine for a day", *["a tea"] * 10]
    index = TextIndex().fit(range(11), texts)
    assert index.snippet(0, "a wine").marked() == "a **wine** for a day"
    assert index.snippet(0, "a").marked() == "**a** wine for **a** day"
    index.remove(range(1, 11))
    assert index.snippet(0, "a wine").marked() == "**a** **wine** for **a** day"
    index.add(range(20, 31), ["a tea", *["cup of a tea"] * 10])
    assert index.snippet(0, "a wine").marked() == "a **wine** for a day"
    assert index.snippet(30, "a cup tea").marked() == "**cup** of a tea"


def test_odd_input_has_a_right_answer():
    index = TextIndex(analysis=Analysis(stop_words="english"))
    assert index.search("a").ids[0].tolist() == []
    assert len(index.fit([], [])) == 0
    index.add([1, 2, 3], ["", "the and of", "Diyarbakır'da İstanbul \x07 שלום"])
    assert index.search(["", "the", "   ", "שלום", "ISTANBUL"], 3).ids[3].tolist() == [
        3
    ]
    assert [len(ids) for ids in index.search(["", "the", "xyz"]).ids] == [0, 0, 0]
    assert index.search("istanbul").ids[0].tolist() == [3]
    assert index.search("istanbul " * 10_000).ids[0].tolist() == [3]
    assert index.search(" ".join(f"w{i}" for i in range(10_000))).ids[0].tolist() == []
    assert index.search('"').ids[0].tolist() == []
    assert index.explain(1, "istanbul") == []
    assert index.snippet(1, "istanbul").text == ""
    with pytest.raises(ValueError, match="keeps no texts: make it with store=True"):
        TextIndex(store=False).fit([1], ["a"]).get(1)


def test_a_document_of_millions_of_words_is_a_document():
    text = "common " * 300_000 + "needle"
    index = TextIndex(store=False).fit([1, 2], [text, "needle common"])
    assert index.search("needle").ids[0].tolist() == [2, 1]
    assert index.explain(1, "common")[0].tf == 300_000
    index.remove([1])
    assert index.explain(2, "common")[0].df == 1
