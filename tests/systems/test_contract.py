"""One battery over every system: what all of them promise, whatever they do.

A system that is installed is tested here by itself; ``tests/systems/<name>/small.py``
says what it is made of. What only one system does is tested in its own folder.
"""

import json
import re
from dataclasses import fields, is_dataclass, replace
from html import escape
from inspect import get_annotations, getfile, signature
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import card, generation
from lookalike.core.contracts import CAPABILITIES, Explanation
from lookalike.core.evaluation import EvaluationResult
from lookalike.core.generation import Damaged, Generation
from lookalike.evaluate import holm
from lookalike.systems import specs

MEMBERS = ("system", "evaluation", "card", "inputs", "own_data", "report", "answer")
EACH = {
    "classify": lambda system, queries, k: system.classify_each(queries),
    "search": lambda system, queries, k: system.search_each(queries, k),
    "recommend": lambda system, queries, k: system.recommend_each(queries, k),
}
MANY = 10**6  # more than any of the systems can find
NONSENSE = {
    "image": [
        np.zeros((0, 28)),
        np.zeros((28, 28, 5), np.uint8),
        np.full((28, 28), np.nan),
        np.full((28, 28), "ink"),
        "a text",
        None,
    ],
    "text": ["", " ", "?!", 7, None, b"bytes"],
    "video": ["", "?!", 7, None, np.zeros((0, 28, 3), np.uint8), np.zeros((9, 9, 3))],
}
"""What no system can take, by what its inputs are called; every name is a user's."""


def having(*verbs):
    """Run a test for each system with one of these capabilities, all if none."""
    names = [n for n, spec in specs().items() if not verbs or any(map(spec.can, verbs))]
    return pytest.mark.parametrize("made", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def made(request, small):
    """A system of few data."""
    return small(request.param)


@pytest.fixture(params=list(specs()))
def spec(request):
    """What a system says of itself."""
    return specs()[request.param]


def plain(value):
    """A value whose parts ``==`` compares to the last digit, with types and shapes."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value) if each.name != "page"]
        return type(value), {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def answers(made, system, queries, k=7):
    """Everything that a system answers to these queries, verb by verb."""
    verbs = [verb for verb in EACH if made.spec.can(verb)]
    return {verb: plain(EACH[verb](system, queries, k)) for verb in verbs}


def size_of(answer):
    return len(answer.ids)


# What a system says of itself


def test_names_lead_to_what_they_name(spec):
    assert spec.system_class.name == spec.name
    assert specs()[spec.name] is spec
    assert re.fullmatch("[a-z][a-z0-9_]*", spec.name)
    for name in MEMBERS:
        assert getattr(spec, name) is None or spec.member(name) is not None
    for loader in spec.datasets.values():
        assert callable(resolve_name(loader))
    assert (spec.own_data is None) == (spec.own_data_form == "")
    assert spec.title
    assert spec.lead.endswith(".")


def test_the_class_has_the_methods_of_its_capabilities_and_of_no_other(spec):
    assert set(spec.capabilities) <= set(CAPABILITIES)
    assert len(set(spec.capabilities)) == len(spec.capabilities)
    for capability, protocol in CAPABILITIES.items():
        methods = {n: m for n, m in vars(protocol).items() if _is_method(n, m)}
        has = [hasattr(spec.system_class, name) for name in methods]
        assert all(has) == spec.can(capability), (capability, list(methods))
        if spec.can(capability):
            for name, method in methods.items():
                expected = list(signature(getattr(protocol, name)).parameters)
                found = list(signature(getattr(spec.system_class, name)).parameters)
                assert found[: len(expected)] == expected, method
    names = [verb for verb in ("classify", "zero_shot") if spec.can(verb)]
    assert len(names) == (spec.answer is not None)  # both have one address


def _is_method(name, value):
    return not name.startswith("_") and isinstance(value, staticmethod | type(having))


def test_options_are_stored_as_they_are_given(spec):
    names = list(signature(spec.system_class).parameters)
    assert {"random_state", "n_jobs"} <= set(names)
    given = {name: object() for name in names}
    assert vars(spec.system_class(**given)) == given
    one = names[0]
    assert getattr(spec.new({one: given[one]}, n_jobs=3), one) is given[one]
    assert spec.new({}, n_jobs=3).n_jobs == 3
    with pytest.raises(ValueError, match=f"The options of {spec.name} are {one}"):
        spec.new({"no_option_of_any_system": 1})


def test_before_it_learned_it_refuses(spec):
    system = spec.system_class()
    verbs = {verb: (lambda v=verb: EACH[v](system, [None], 3)) for verb in EACH}
    verbs |= {
        "rank": lambda: system.rank_items("somebody", ["something"]),
        "history": lambda: system.recommend_from([{}]),
        "similar": lambda: system.similar_each(["something"]),
        "explain": lambda: system.explain(None),
        "explain_item": lambda: system.explain_item(None, "something"),
        "verify": lambda: system.verify([None], [None]),
        "enrol": lambda: system.enrol([None], "somebody"),
        "gallery": lambda: system.gallery(3),
        "precompute": lambda: system.precompute(),
    }
    asked = [verb for capability, verb in verbs.items() if spec.can(capability)]
    if spec.can("search") or spec.can("recommend"):
        asked.append(lambda: system.has_item("something"))
    if spec.can("gallery"):
        asked.append(lambda: system.thumbnails(["something"]))
    for call in (*asked, lambda: system.save("nowhere"), system.check_fitted):
        with pytest.raises(NotFittedError, match=type(system).__name__):
            call()
    with pytest.raises(NotFittedError):
        spec.evaluate(system, None)


@having()
def test_what_learning_made_is_what_the_capabilities_name(made):
    assert made.system.manifest_.configuration == made.system.configuration()
    for capability in made.spec.capabilities:
        for name in get_annotations(CAPABILITIES[capability]):
            assert getattr(made.system, name) is not None, (capability, name)


# Inputs


@having()
def test_an_input_is_the_same_query_from_a_file_and_over_the_net(made, tmp_path):
    decoder = made.spec.decoder()
    given = made.inputs
    if "file" in decoder.forms:
        given = [
            sent if isinstance(sent, str) else tmp_path / f"{at}.png"
            for at, sent in enumerate(made.inputs)
        ]
        for path, sent in zip(given, made.inputs, strict=True):
            if isinstance(sent, bytes):
                path.write_bytes(sent)
    names, queries = decoder.read(given)
    assert names == list(map(str, given))
    expected = [decoder.decode(sent) for sent in made.inputs]
    assert plain(queries) == plain(expected)


@having()
def test_nonsense_is_refused_in_one_sentence(made):
    noun = made.spec.decoder().noun
    assert noun in ("image", "text", "user", "video")
    for nonsense in NONSENSE.get(noun, []):
        with pytest.raises(ValueError) as error:
            made.system.check_query(nonsense)
        said = str(error.value)
        assert said.endswith("."), said
        assert "\n" not in said
    for query in made.queries:
        assert plain(made.system.check_query(query)) == plain(query)


# Answers


@having(*EACH)
def test_a_batch_answers_exactly_like_its_queries_one_by_one(made):
    queries = [*made.queries, *made.queries[::-1], made.queries[0]]
    together = answers(made, made.system, queries)
    alone = [answers(made, made.system, [query]) for query in queries]
    for verb, found in together.items():
        assert found == [answer for each in alone for answer in each[verb]], verb


@having("search", "recommend")
def test_hits_for_python_are_what_is_shown(made):
    for verb in filter(made.spec.can, ("search", "recommend")):
        queries = made.queries
        if verb == "recommend":
            known = set(made.system.known_users.tolist())
            queries = [user for user in queries if user in known]
        shown = EACH[verb](made.system, queries, 7)
        hits = getattr(made.system, verb)(queries, 7)
        assert len(hits.ids) == len(queries) > 0
        for answer, ids, scores in zip(shown, hits.ids, hits.scores, strict=True):
            assert list(answer.scores) == scores.tolist()
            assert len(ids) == len(answer.ids)
            if verb == "recommend":
                assert ids.tolist() == answer.ids


@having("search", "recommend")
def test_what_is_found_is_an_item_and_nothing_else_is(made):
    for verb in filter(made.spec.can, ("search", "recommend")):
        for found in EACH[verb](made.system, made.queries, 3):
            assert all(map(made.system.has_item, found.ids))
    assert not made.system.has_item("no such item")


@having(*EACH)
def test_answers_are_ready_for_json(made):
    for verb in filter(made.spec.can, EACH):
        for found in EACH[verb](made.system, made.queries, 3):
            if verb == "classify":
                kind = made.spec.member("answer")
                assert all(type(answer) is kind for answer in found)
                records = [answer.record() for answer in found]
            else:
                records = found.records()
                assert [r["id"] for r in records] == found.ids
            assert json.loads(json.dumps(records)) == records


@having("search", "recommend")
def test_fewer_than_k_are_as_many_as_there_are(made):
    for verb in ("search", "recommend"):
        if not made.spec.can(verb):
            continue
        found = EACH[verb](made.system, made.queries, MANY)
        sizes = list(map(size_of, found))
        assert 0 < max(sizes) < MANY
        assert [len(set(answer.ids)) for answer in found] == sizes
        again = EACH[verb](made.system, made.queries, max(sizes))
        assert [each.ids for each in again] == [each.ids for each in found]
        for query, answer in zip(made.queries, found, strict=True):
            assert plain(EACH[verb](made.system, [query], MANY)) == [plain(answer)]
        assert max(map(size_of, EACH[verb](made.system, made.queries, 2))) == 2
        for k in (0, -1, 2.5, "3", True):
            with pytest.raises(ValueError, match="k must be a whole number"):
                EACH[verb](made.system, made.queries, k)


@having("recommend")
def test_what_is_excluded_is_in_no_list_and_others_move_up(made):
    for user in (made.queries[0], "somebody unknown"):
        [whole] = made.system.recommend_each([user], 20)
        gone = [whole.ids[0], whole.ids[3], "no such item"]
        [found] = made.system.recommend_each([user], 5, exclude=gone)
        assert found.ids == [id for id in whole.ids if id not in gone][:5]
        assert made.system.recommend_each([user], 20)[0].ids == whole.ids


@having("similar")
def test_similar_items_are_others_and_the_same_one_by_one(made):
    verb = next(verb for verb in ("recommend", "search") if made.spec.can(verb))
    [found] = EACH[verb](made.system, made.queries[:1], 6)
    whole = made.system.similar_each(found.ids, MANY)
    for id, answer in zip(found.ids, whole, strict=True):
        assert id not in answer.ids
        assert len(set(answer.ids)) == len(answer.ids)
        assert (np.diff(answer.scores) <= 0).all()
        [alone] = made.system.similar_each([id], 3)
        assert alone.records() == answer.reordered(range(3)).records()
    with pytest.raises(LookupError, match="There is no item 'no such item'"):
        made.system.similar_each(["no such item"])
    for k in (0, 2.5, True):
        with pytest.raises(ValueError, match="k must be a whole number"):
            made.system.similar_each(found.ids, k)


@having("rank")
def test_items_are_ranked_each_once_for_known_and_unknown_users(made):
    [found] = made.system.recommend_each(made.queries[:1], 5)
    given = [*found.ids[::-1], found.ids[0]]
    known = set(made.system.known_users.tolist())
    for user in (*made.queries, "somebody unknown"):
        ranked = made.system.rank_items(user, given)
        assert ranked.known is (user in known)
        assert sorted(ranked.ids) == sorted(found.ids)
        assert (np.diff(ranked.scores) <= 0).all()
        assert len(ranked.features[0]) == len(made.system.feature_names)
    with pytest.raises((ValueError, LookupError)):
        made.system.rank_items(made.queries[0], ["no such item"])


@having("rank")
def test_recommend_rank_and_explain_agree_to_the_last_digit(made):
    system = made.system
    for user in (made.queries[0], "somebody unknown"):
        [whole] = system.recommend_each([user], MANY)
        n = len(whole)
        parts = [range(n), range(0, n, 7), range(n - 3, n), [0], [n // 2], [n - 1]]
        for part in map(list, parts):
            ranked = system.rank_items(user, [whole.ids[at] for at in part][::-1])
            expected = whole.take(part)
            for name in ("ids", "scores", "features", "reasons"):
                found = plain(getattr(ranked, name))
                assert found == plain(getattr(expected, name)), (user, name, part)
        for at in (0, 2, n // 2, n - 1):
            told = system.explain_item(user, whole.ids[at], 3)
            assert told["score"] == whole.scores[at]
            assert list(told["features"].values()) == whole.features[at].tolist()
            assert told["rank"] == (at + 1 if at < 3 else None)
    [first] = system.recommend_each(made.queries[:1], 3)
    assert np.ptp(first.features, axis=1).all()


@having("recommend")
def test_known_users_are_known_and_others_are_told_that_they_are_not(made):
    known = made.system.known_users[:2].tolist()
    found = made.system.recommend_each([*known, "somebody unknown"], 3)
    assert [each.known for each in found] == [True, True, False]
    for each in found:
        assert np.shape(each.features) == (3, len(made.system.feature_names))
        assert len(each.reasons) == 3
        assert all(each.reasons)
        assert (np.diff(each.scores) <= 0).all()


@having("explain")
def test_an_explanation_is_of_the_answer(made):
    query = made.queries[0]
    told = made.system.explain(query)
    assert isinstance(told, Explanation)
    assert told.reasons
    assert all(isinstance(reason, str) and reason for reason in told.reasons)
    assert json.loads(json.dumps(told.answer)) == told.answer
    if made.spec.can("classify"):
        [[first, *_]] = made.system.classify_each([query])
        assert told.answer == first.record()
    if made.spec.can("recommend"):
        [slate] = made.system.recommend_each([query])
        assert told.answer == slate.records()[0]
    assert plain(made.system.explain(query)) == plain(told)


@having("explain_item")
def test_an_item_is_explained_where_it_stands(made):
    [verb] = [verb for verb in ("search", "recommend") if made.spec.can(verb)]
    [found] = EACH[verb](made.system, made.queries[:1], 5)
    for rank, id in enumerate(found.ids, start=1):
        told = made.system.explain_item(made.queries[0], id, 5)
        assert (told["id"], told["rank"]) == (id, rank)
        assert told["score"] == pytest.approx(found.scores[rank - 1])
        assert json.loads(json.dumps(told)) == told
    with pytest.raises(LookupError, match=r"no item of this id\.$"):
        made.system.explain_item(made.queries[0], "no such item")


@having("recommend")
def test_the_command_recommends_and_explains(made):
    name, unknown = made.spec.name, "somebody unknown"
    users = [*made.system.known_users[:2].tolist(), unknown]

    def run(*words, status=0):
        given = [*words, "--folder", str(made.folder), "--json"]
        done = CliRunner().invoke(app, given)
        assert done.exit_code == status, done.output
        return json.loads(done.stdout) if status == 0 else done.stderr

    told = run("recommend", name, *users, "--k", "3")
    expected = [
        {"user": user, **record}
        for user, slate in zip(users, made.system.recommend_each(users, 3), strict=True)
        for record in slate.records()
    ]
    assert told["answers"] == json.loads(json.dumps(expected))
    assert "k must be a whole number" in run(
        "recommend", name, *users, "--k", "0", status=2
    )
    first = expected[0]["id"]
    told = run("recommend", name, users[0], "--k", "1", "--exclude", first)
    assert told["answers"][0]["id"] == expected[1]["id"]
    found = run("similar", name, first, status=0 if made.spec.can("similar") else 2)
    if made.spec.can("similar"):
        [answer] = made.system.similar_each([first])
        hits = [{"item": first, **hit} for hit in answer.records()]
        assert found["answers"] == json.loads(json.dumps(hits))
        unknown_item = run("similar", name, "no such item", status=2)
        assert "There is no item 'no such item'." in unknown_item
    else:
        assert f"The system {name} has no similar" in found
    told = run("explain", users[0], "--system", name)
    assert told["answer"]["id"] == expected[0]["id"]
    assert told["reasons"] == list(made.system.explain(users[0]).reasons)
    try:
        reasons, status = list(made.system.explain(unknown).reasons), 0
    except ValueError as error:  # there is nobody to give reasons for
        reasons, status = str(error), 2
    told = run("explain", unknown, "--system", name, status=status)
    assert told["reasons"] == reasons if status == 0 else reasons in told


# Learning and saving


@having()
def test_what_was_held_out_is_given_back_once_it_has_measured(made, tmp_path):
    served = made.served
    assert plain(made.system.state()) == plain(made.before[0])
    assert made.system.manifest_.facts == made.before[1].facts
    served.save(tmp_path / "0001", made.result)
    loaded = made.spec.system_class.load(tmp_path / "0001")
    said = made.spec.build_card(loaded).markdown()
    if served is made.system:
        assert "stay apart: the system that answers does not learn from" in said
        return
    assert loaded.is_refitted
    assert not made.system.is_refitted
    assert plain(loaded.state()) == plain(served.state()) != plain(made.before[0])
    assert "These numbers are those of" in said
    assert "These numbers" not in made.spec.build_card(made.system).markdown()
    again = made.spec.evaluate(loaded, made.data)
    for part in ("tested", "metrics", "comparisons", "quality"):
        assert plain(getattr(again, part)) == plain(getattr(made.result, part))
    for verb in filter(made.spec.can, EACH):
        expected = plain(EACH[verb](served, made.queries, 5))
        assert plain(EACH[verb](loaded, made.queries, 5)) == expected


@having()
def test_the_report_shows_answers_of_the_system_that_was_measured(made, monkeypatch):
    sections = made.spec.report
    if sections is None:  # all that it shows was measured
        return
    given = []

    def add_sections(report, system, data, result):
        given.append(system)

    module = resolve_name(sections.split(":")[0])
    monkeypatch.setattr(module, "add_sections", add_sections)
    made.spec.build_report(made.served, made.data, made.result)
    assert plain(given[0].state()) == plain(made.before[0])


def test_the_card_counts_test_inputs_that_were_learned_from(small):
    made = small("digits")
    x_test = made.data.x_test.copy()
    x_test[:37] = made.data.x_train[:37]
    data = replace(made.data, x_test=x_test)
    before = made.spec.build_card(made.system, made.result).markdown()
    assert "copies" not in before
    served, result = made.spec.train(made.spec.new(made.options), data)
    said = f"37 of the {len(x_test)} test inputs are copies of what was learned from"
    assert said in made.spec.build_card(served, result).markdown()


@having()
def test_the_same_seed_makes_the_same_system(made):
    again = made.spec.new(made.options).fit(made.data)
    assert plain(again.state()) == plain(made.before[0])


@having()
def test_evaluating_changes_nothing(made):
    assert isinstance(made.result, EvaluationResult)
    state, manifest = made.before
    assert plain(made.system.state()) == plain(state)
    assert plain(made.system.manifest_) == plain(manifest)
    assert not manifest.metrics


@having()
def test_a_loaded_system_is_measured_like_the_one_that_was_saved(made):
    if made.served is not made.system:
        return  # which is measured again once it is loaded, see above
    loaded = made.spec.system_class.load(made.folder)
    again = made.spec.evaluate(loaded, made.data)
    for part in ("tested", "metrics", "comparisons", "quality"):
        assert plain(getattr(again, part)) == plain(getattr(made.result, part))
    assert again.facts.keys() == made.result.facts.keys()


@having()
def test_a_saved_system_answers_the_same_with_any_number_of_threads(made):
    expected = answers(made, made.system, made.queries)
    for n_jobs in (None, 2):
        loaded = made.spec.system_class.load(made.folder, n_jobs=n_jobs)
        loaded.warm_up()
        assert loaded.n_jobs == n_jobs
        assert answers(made, loaded, made.queries) == expected
        assert loaded.configuration() == made.system.configuration()
    manifest = made.system.manifest_.with_evaluation(made.result)
    document = replace(manifest, state=made.system.state()[1]).document()
    assert loaded.manifest_.document() == json.loads(json.dumps(document))


@having()
def test_a_changed_system_keeps_nothing_that_was_measured_before(made):
    learned = made.system.manifest_
    assert learned.with_evaluation(made.result).without_evaluation() == learned
    loaded = made.spec.system_class.load(made.folder).manifest_
    assert loaded.measured == list(made.result.facts)
    assert loaded.without_evaluation().facts == json.loads(json.dumps(learned.facts))


@having()
def test_saved_again_it_is_the_same_files(made, tmp_path):
    loaded = made.spec.system_class.load(made.folder)
    loaded.save(tmp_path / "again")
    first, again = (_files(folder) for folder in (made.folder, tmp_path / "again"))
    assert again == first
    assert set(first) == {"system.json", *(f"{n}.npy" for n in made.system.state()[0])}


def _files(folder):
    """Contents by name; what differs from save to save is left out of the document."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    document = json.loads(files["system.json"])
    for name in ("created", "checksum"):
        del document[name]
    return {**files, "system.json": document}


@having()
def test_a_generation_without_one_of_its_arrays_is_damaged(made):
    whole = generation.load(made.folder, made.spec.name)
    for name in whole.arrays:
        rest = {key: array for key, array in whole.arrays.items() if key != name}
        with pytest.raises(Damaged, match=f"holds no system of {made.spec.name}: "):
            made.spec.system_class.load(Generation(whole.folder, whole.about, rest))


# Card and report


@having()
def test_every_name_of_the_card_has_a_value_and_every_value_is_used(made):
    values = made.spec.member("card")
    template = Path(getfile(made.spec.system_class)).with_name("card.md")
    names = card.names_in(template.read_text("utf-8"))
    for manifest in (
        made.system.manifest_,
        made.system.manifest_.with_evaluation(made.result),
    ):
        found = set(values(made.system, manifest))
        assert found - names == set(), "values that the card does not show"
        assert names - found - set(card.STANDARD_VALUES) == set()


@having()
def test_the_card_says_what_was_measured_and_before_that_it_was_not(made):
    before = made.spec.build_card(made.system)
    assert tuple(before.steps) == card.STEPS
    before = before.markdown()
    assert f"The numbers are {card.NOT_YET}." in before
    assert "p = " not in before
    after = made.spec.build_card(made.system, made.result).markdown()
    assert card.NOT_YET not in after
    assert "{" not in before + after
    for name, metric in made.result.metrics.items():
        shown = f"{name.replace('_', ' ')}: {metric.value:.4f} [{metric.low:.4f}, "
        assert shown in after
    comparisons = made.result.comparisons.values()
    corrected = holm([each.p_value for each in comparisons])
    for each, p in zip(comparisons, corrected, strict=True):
        of_all = f", {p:.2g} corrected for {len(corrected)} tests"
        said = of_all if len(corrected) > 1 else ""
        assert f"p = {each.p_value:.2g}{said} ({each.test})" in after
    for said in made.module.get("IN_CARD", ()):
        assert said in after
    loaded = made.spec.system_class.load(made.folder)
    assert made.spec.build_card(loaded).markdown() == after


@having()
def test_the_report_holds_every_metric_and_the_card(made, tmp_path):
    report = made.spec.build_report(made.system, made.data, made.result)
    html = report.write(tmp_path / "report.html").read_text("utf-8")
    assert made.spec.title in html
    assert len(html) < 1_000_000
    assert html.count("<img") == made.module.get("N_FIGURES", 0)
    for name, metric in made.result.metrics.items():
        assert name.replace("_", " ") in html
        assert f"{metric.value:.4f}" in html
    for said in made.module.get("IN_REPORT", ()):
        assert said in html
    for step in card.STEPS:
        assert escape(step.upper()) in html
