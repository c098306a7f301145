"""Posts that are more than a text, in the saved system: picture, author, reactions."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.datasets.composed_posts import INTENTS, compose_posts, labelled
from lookalike.datasets.posts import SIGNALS, Posts
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.systems.harmful.post import INPUTS, Post
from lookalike.systems.harmful.system import Harmful

REGION = "rows 9-16"


def picture(thing):
    """A dark picture with one bright bar a thing, in its middle."""
    found = np.full((32, 32), 20, np.uint8)
    found[8 + thing * 2 % 16 : 10 + thing * 2 % 16, 4 + thing : 20 + thing] = 230
    return found


@pytest.fixture(scope="module")
def wholes():
    things = np.arange(40) % 10
    pictures = np.stack([picture(thing) for thing in things])
    parts = [
        labelled(compose_posts(pictures, things, n, n), n) for n in (2000, 600, 500)
    ]
    return Posts("toy", "", ("any",), *parts)


@pytest.fixture(scope="module")
def judge(wholes):
    """The system that learned from them: it must stay as it is."""
    return Harmful().fit(wholes)


def ap(system, posts, **parts):
    found = system.judge(posts.texts, posts.languages, **parts)
    return pr_auc(posts.labels[:, 0], found.probabilities[:, 0])


def test_harm_that_is_in_no_part_alone_is_seen_in_the_whole(judge, wholes):
    test = wholes.test
    alone = ap(judge, test)
    both = ap(judge, test, pictures=test.pictures)
    signals = ap(judge, test, signals=test.signals)
    everything = ap(judge, test, pictures=test.pictures, signals=test.signals)
    assert alone < 0.55
    assert both > alone + 0.25
    assert signals > alone + 0.1
    assert everything > both
    assert judge.manifest_.facts["parts"]["picture"] == 2000


def test_a_loaded_system_answers_a_post_alone_as_among_others(judge, wholes, tmp_path):
    loaded = Harmful.load(judge.save(tmp_path / "0001"))
    rows, test = range(6), wholes.test
    posts = [
        Post(test.texts[row], test.pictures[row], test.signals[row]) for row in rows
    ]
    posts += [Post("found it on the street"), Post("", wholes.test.pictures[0])]
    among = judge.classify_each(posts)
    assert [loaded.classify_each([post])[0] for post in posts] == among
    assert among[0][0].judged_by.startswith("text, picture")
    assert among[-1][0].judged_by == "picture"


def test_a_picture_alone_is_judged_and_a_sign_is_no_text(judge):
    for text in ("", "\N{SLIGHTLY SMILING FACE}\N{SLIGHTLY SMILING FACE}"):
        post = judge.check_query(INPUTS.decode({"text": text, "picture": picture(3)}))
        [[answer]] = judge.classify_each([post])
        assert (answer.language, answer.judged_by) == (None, "picture")
        assert 0 < answer.low <= answer.probability <= answer.high < 1
        assert judge.explain(post).reasons


def test_a_text_in_no_known_language_goes_to_a_person_with_a_picture_too(judge):
    post = INPUTS.decode({"text": "здравствуйте", "picture": picture(3)})
    [[answer]] = judge.classify_each([judge.check_query(post)])
    assert (answer.action, answer.language) == ("queue", None)
    assert (answer.low, answer.high) == (0.0, 1.0)


def test_the_region_that_speaks_is_named(judge):
    harmful = [
        (thing, at)
        for thing in range(4)
        for at in range(10)
        if (3 * thing + at) % 10 < 4
    ]
    named = 0
    for thing, at in harmful:
        post = Post(INTENTS[at][0], picture(thing))
        told = [each for each in judge.explain(post).reasons if "the picture's" in each]
        named += REGION in told[0]
    assert named > 0.8 * len(harmful)


def test_words_of_a_whole_are_masked_unless_they_are_revealed(judge):
    post = Post("found it on the street", picture(1))
    assert "street" not in " ".join(judge.explain(post).reasons)
    assert "street" in " ".join(judge.explain(post, reveal=True).reasons)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "empty"),
        ({"text": " "}, "empty"),
        ({"author": {"days": 3}}, "needs a text or a picture"),
        ({"text": "a" * 100_001, "picture": [[0]]}, "at most 100,000"),
        ({"text": "hello", "picture": b"no picture"}, "image"),
        ({"text": "hello", "picture": [[1, 2], [3]]}, "rows of pixels"),
        ({"text": "hello", "picture": [[300]]}, "rows of pixels"),
        ({"text": "hello", "author": {"age": 3}}, "author has days, posts"),
        ({"text": "hello", "author": {"days": -1}}, "at least 0"),
        ({"text": "hello", "reactions": {"likes": "many"}}, "at least 0"),
        ({"text": "hello", "reactions": 3}, "counts by name"),
        ({"text": "hello", "title": "x"}, "A post has text, picture"),
        ({"text": 3}, "must be a string"),
    ],
)
def test_a_part_that_is_none_is_refused_in_a_sentence(sent, said):
    with pytest.raises(ValueError, match=said) as error:
        INPUTS.decode(sent)
    assert len(str(error.value)) < 200


def test_what_was_not_learned_from_is_said(system):
    post = INPUTS.decode({"text": "good day", "picture": picture(1)})
    with pytest.raises(ValueError, match="learned from texts alone"):
        system.check_query(post)
    author = np.full(len(SIGNALS), np.nan)
    author[0] = 3
    with pytest.raises(ValueError, match="what author mean"):
        system.check_query(Post("good day", None, author))
    assert system.check_query(INPUTS.decode({"text": "good day"}))


def test_the_command_takes_text_and_picture_together(judge, tmp_path):
    judge.save(tmp_path / "harmful")
    Image.fromarray(picture(4)).save(tmp_path / "one.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "one.png").read_bytes()[:50])

    def run(*words, status=0):
        given = (*words, "--system", "harmful", "--folder", str(tmp_path / "harmful"))
        done = CliRunner().invoke(app, given)
        assert done.exit_code == status, done.output
        return done

    text = ("--text", "found it on the street")
    both = (*text, "--picture", str(tmp_path / "one.png"))
    more = ("--author", "days=3,violations=1", "--reactions", "reports=2")
    assert "text, picture, author, reactions" in run("classify", *both, *more).stdout
    assert "street" not in run("classify", *both).stdout
    assert "the picture's rows" in run("explain", *both).stdout
    broken = run("classify", *text, "--picture", str(tmp_path / "broken.png"), status=2)
    assert "damaged or truncated" in broken.output
    for wrong in (("classify",), ("classify", "hello", *text)):
        assert "the parts of one post" in run(*wrong, status=2).output


def files_of_encoders(folder):
    """ONNX files: the mean colour of a picture, and a number for a known word."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    helper, kinds = onnx.helper, onnx.TensorProto

    def save(name, taken, nodes, constants=()):
        given = helper.make_tensor_value_info("found", kinds.FLOAT, None)
        graph = helper.make_graph(nodes, "encoder", [taken], [given], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        (folder / name).write_bytes(model.SerializeToString())

    shape = ["n", 3, 8, 8]
    save(
        "pictures.onnx",
        helper.make_tensor_value_info("image", kinds.FLOAT, shape),
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["found"]),
        ],
    )
    table = helper.make_tensor("table", kinds.FLOAT, [3, 2], [0, 1, 1, 0, 0, -1])
    save(
        "model.onnx",
        helper.make_tensor_value_info("ids", kinds.INT64, ["n", "n_tokens"]),
        [helper.make_node("Gather", ["table", "ids"], ["found"])],
        [table],
    )
    tokeniser = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {"other": 0, "zorgle": 1, "day": 2},
            "unk_token": "other",
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokeniser))


def test_encoders_of_the_users_own_are_part_of_the_system(wholes, tmp_path):
    files_of_encoders(tmp_path)
    parts = (wholes.train, 300), (wholes.validation, 100), (wholes.test, 9)
    small = [part.take(np.arange(n)) for part, n in parts]
    for own in ("model.onnx", "."):
        system = Harmful(
            picture_encoder=str(tmp_path / "pictures.onnx"),
            text_encoder=str(tmp_path / own),
        ).fit(Posts("toy", "", ("any",), *small))
        loaded = Harmful.load(system.save(tmp_path / f"made {len(own)}"))
        post = Post("found it", wholes.test.pictures[0])
        posts = [post, Post("", wholes.test.pictures[1]), Post("other words")]
        assert loaded.classify_each(posts) == system.classify_each(posts)


def test_the_vector_of_a_text_adds_to_its_score(data, tmp_path):
    files_of_encoders(tmp_path)
    system = Harmful(text_encoder=str(tmp_path)).fit(data)
    text = "good zorgle day"
    _, parts, intercept = system.parts(text, "insult", "aa")
    X = system._encoder.transform([text])
    assert X.shape[1] == system._encoder.n_terms + 2
    head = int(system._routes[0, 1])
    score = system._heads.scores(system._encoder, X, np.array([0]))[0, head]
    assert parts.sum() + intercept == pytest.approx(score, abs=1e-4)
    _, _, base = system._heads.head(head)
    assert abs(intercept - base) > 0.01
    with pytest.raises(ValueError, match="is no folder; expected"):
        Harmful(text_encoder=str(tmp_path / "none")).fit(data)
