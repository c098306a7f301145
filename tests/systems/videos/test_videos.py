"""Video search: each side alone, both together, moments, folders, and what is kept."""

import json
import os
from copy import copy
from dataclasses import replace
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.gated_weight import WEIGHTS
from lookalike.core.items import png_of
from lookalike.datasets import VideoCollection, load_videos
from lookalike.features.perceptual_hash import thumbnail
from lookalike.rank.clicks import Impressions
from lookalike.search.terms import Analysis
from lookalike.systems.videos import inputs
from lookalike.systems.videos.fusion import (
    PIXELS_ALONE,
    WORDS_ALONE,
    Parts,
    Weights,
    learn_weights,
)
from lookalike.systems.videos.inputs import INPUTS
from lookalike.systems.videos.moments import Moment, moments_of, overlap
from lookalike.systems.videos.reading import ReadVideos
from lookalike.systems.videos.system import VideoSearch
from lookalike.systems.videos.teaching import held_out

pytest.importorskip("av")
TESTS = Path(__file__).parents[2]
clips = run_path(str(TESTS / "features" / "video" / "small_clips.py"))
scenes = run_path(str(Path(__file__).with_name("small.py")))
scene = scenes["scene"]
ANALYSIS = Analysis("english", "english")


# --- both sides -----------------------------------------------------------------------


def test_a_video_without_words_or_without_pixels_is_found_all_the_same(system):
    picture = scene("boat", "green", 14)
    [by_picture] = system.search_each([picture], 3)
    assert by_picture.ids[0] == "v7"  # it has neither title nor description
    assert by_picture.labels[0] == "v7"
    [by_words] = system.search_each(["tower 9"], 3)
    assert by_words.ids[0] == "v9"  # it has no pixels
    assert by_words.columns["begin"][0] == by_words.columns["end"][0] == 0.0
    assert system.strip("v9") == []
    assert [second for second, _ in system.strip("v7")] == [0.5, 1.5]


def test_words_find_pixels_in_the_learned_space(system):
    text = system.space_.text("a red tower")
    fits = system.pixels_.fits(text)
    names = [f"{title} " for title in system.catalogue_.titles]
    red_towers = ["red tower" in name for name in names]
    rows = system.catalogue_.has_pixels
    best = np.argsort(-np.where(rows, fits, -2))[:3]
    assert all(red_towers[row] for row in best)
    [answer] = system.search_each(["the seventh boat", "zebra"], 5)[:1]
    assert all("boat" in label for label in answer.labels)
    assert system.search_each(["zebra"], 5)[0].ids == []


def test_the_answer_says_second_frame_and_which_part_spoke(system):
    [hit, *_] = system.search_each([scene("river", "red", 9)], 1)[0].records()
    assert hit["id"] == "v4"
    assert hit["part"] == "pixels"
    assert (hit["second"], hit["begin"], hit["end"]) == (1.5, 1.0, 2.0)
    assert hit["duration"] == 2.0
    assert hit["moments"][0]["second"] == 1.5
    [hit, *_] = system.search_each(["red river 4"], 1)[0].records()
    assert hit["part"] == "words"
    assert set(hit["parts"]) == {"words", "meaning", "pixels"}


def test_missing_parts_count_as_the_mean_of_the_others():
    yes = np.ones(4, bool)
    seen = np.array([0.2, 0.8, 0.0, 0.5])
    has = np.array([True, True, False, True])
    parts = Parts(np.array([0.0, 0.0, 1.0, 0.0]), np.zeros(4), seen, yes, has)
    assert parts.scores(Weights(seen=2.0)).tolist() == [0.4, 1.6, 2.0, 1.0]
    assert parts.rank_of(2, WORDS_ALONE) == 1.0
    assert parts.rank_of(0, WORDS_ALONE) == 3.0  # of ties the mean
    assert parts.rank_of(2, PIXELS_ALONE) == 2.5


def test_weights_open_only_where_they_pay():
    rng = np.random.default_rng(0)
    yes = np.ones(30, bool)

    def asked(helps):
        parts, right = [], []
        for at in range(30):
            seen = rng.random(30)
            if helps:
                seen[at] += 0.8
            parts.append(Parts(rng.random(30), np.zeros(30), seen, yes, yes))
            right.append(at)
        return learn_weights(parts, right, tries_pixels=True)

    weights, told = asked(helps=True)
    assert weights.seen in WEIGHTS
    assert told["seen"].p_value < 0.05
    assert weights.about == 0.0
    assert asked(helps=False)[0] == WORDS_ALONE


def test_held_out_titles_teach_nothing(data, system):
    held = held_out(data)
    assert 5 < len(held) < 30
    assert "v7" not in held  # it has no title
    n_taught = system.manifest_.facts["n_pairs"]
    assert n_taught + len(held) - ("v9" in held) == 58
    assert held_out(replace(data, queries=[("a", "v1")])) == []


# --- moments --------------------------------------------------------------------------


def test_moments_are_merged_and_do_not_overlap():
    times = np.arange(40) + 0.5
    rng = np.random.default_rng(0)
    scores = 0.1 * rng.random(40)
    scores[10:16] += [0.8, 0.9, 0.1, 0.9, 0.8, 0.9]  # one moment with a weak frame
    scores[30:33] += 0.7
    found = moments_of(times, 40.0, scores)
    assert (found[0].begin, found[0].end) == (10.0, 16.0)
    assert (found[1].begin, found[1].end) == (30.0, 33.0)
    assert found[0].score == scores.max()
    for one in found:
        assert one.begin <= one.second <= one.end
        others = [each for each in found if each is not one]
        assert all(overlap(one, other) < 0.5 for other in others)
    [whole] = moments_of(times, 40.0, np.full(40, 0.3))
    assert (whole.begin, whole.end) == (0.0, 40.0)
    [single] = moments_of(np.array([1.0]), 2.0, np.array([0.5]))
    assert single == Moment(0.0, 2.0, 1.0, 0.5)


# --- files ----------------------------------------------------------------------------


def rows(words, **options):
    given = [*map(str, words), "--json"]
    done = CliRunner().invoke(app, given)
    status = options.get("status", 0)
    assert done.exit_code == status, done.output
    return json.loads(done.stdout) if status == 0 else done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four clips, one of them twice, one that cannot be read, one cut that can."""
    place = tmp_path_factory.mktemp("films")
    levels = {"dark": [20] * 20, "light": [200] * 20, "cut": [90] * 10 + [240] * 10}
    for name, each in levels.items():
        clips["write_clip"](place / f"{name}.mp4", levels=each)
    (place / "in").mkdir()
    data = (place / "cut.mp4").read_bytes()
    (place / "in" / "copy.mp4").write_bytes(data)
    (place / "broken.mp4").write_bytes(data[:500])
    (place / "named.mp4").write_bytes(data[:500])
    table = "file\ttitle\tdescription\ndark.mp4\tNight\tNothing is seen.\n"
    table += "named.mp4\tDusk\tThe sun goes down.\n"
    (place / "captions.tsv").write_text(table)
    return place


@pytest.fixture(scope="module")
def indexed(folder, tmp_path_factory):
    """What the command says of a first indexing, and its library."""
    library = tmp_path_factory.mktemp("library") / "videos"
    where = ["--system", "videos", "--folder", library]
    return rows(["index", "add", folder, *where]), where


def test_a_folder_is_indexed_and_searched(folder, indexed):
    told, where = indexed
    assert (told["new"], told["embedded"], told["videos"]) == (5, 3, 5)
    assert len(told["broken"]) == 2
    assert all(each.endswith(".") for each in told["broken"])
    assert not (where[-1] / ".reading").exists()
    found = rows(["search", "dusk", "sun", folder / "light.mp4", *where])
    [dusk, sun, clip] = found["answers"]
    assert [dusk["hits"][0]["id"], sun["hits"][0]["id"]] == ["named.mp4"] * 2
    assert clip["hits"][0]["id"] == "light.mp4"
    [both] = [hit for hit in clip["hits"] if hit["copies"]]
    assert {both["id"]} < {"cut.mp4", "in/copy.mp4"}  # two files, shown once
    status = rows(["index", "status", *where])
    assert (status["videos"], status["without_pixels"]) == (5, 1)


def test_only_what_changed_is_read_again(folder, indexed):
    _, where = indexed
    told = rows(["index", "add", folder, *where])
    assert (told["new"], told["unchanged"], told["embedded"]) == (0, 5, 0)
    assert told["generation"] == "0001"  # nothing changed: it goes on to answer
    (folder / "dark.mp4").rename(folder / "gloomy.mp4")
    clips["write_clip"](folder / "new.mp4", levels=[150] * 20)
    told = rows(["index", "add", folder, *where])
    counts = [told[n] for n in ("new", "vanished", "unchanged", "embedded")]
    assert counts == [2, 1, 4, 1]  # the renamed file is known by its contents
    assert told["generation"] == "0002"
    told = rows(["index", "add", folder, *where, "--sampler", "keys"])
    assert told["embedded"] == 4  # contents, of five files
    [loaded] = [VideoSearch.load(where[-1] / told["generation"])]
    assert loaded.sampler == "keys"
    before = VideoSearch.load(where[-1] / "0002")
    assert loaded.manifest_.embedding_version != before.manifest_.embedding_version
    told = rows(["index", "remove", folder / "in", *where])
    assert told == {"removed": 1}
    said = rows(["index", "remove", folder / "none", *where], status=2)
    assert "is indexed." in said


def test_indexing_that_was_cut_goes_on_where_it_was(folder, tmp_path):
    system = VideoSearch.ready()
    data = load_videos(folder)
    first = data.part([0, 1])
    _, _, counts = system.read(first, {}, tmp_path / "kept")
    assert counts["resumed"] == 0
    read = counts["embedded"]
    entries, _, counts = system.read(data, {}, tmp_path / "kept")
    assert counts["resumed"] == read > 0
    fresh, _, _ = system.read(data, {}, None)
    for one, other in zip(entries, fresh, strict=True):
        assert (one.id, one.digest) == (other.id, other.digest)
        if one.read is not None:
            np.testing.assert_array_equal(one.read.vectors, other.read.vectors)
            assert one.read.pictures == other.read.pictures
    damaged = next((tmp_path / "kept").glob("*/*.npz"))
    whole, kept = (
        damaged.read_bytes(),
        ReadVideos(tmp_path / "kept", damaged.parent.name),
    )
    assert kept.get(damaged.stem) is not None
    for cut in (b"nothing", b"", *(whole[: len(whole) * n // 7] for n in range(1, 7))):
        damaged.write_bytes(cut)
        assert kept.get(damaged.stem) is None
    _, _, counts = system.read(data, {}, tmp_path / "kept")
    assert counts["embedded"] == 1


def test_only_the_file_that_was_indexed_is_played(tmp_path):
    place, other = tmp_path / "films", tmp_path / "other"
    place.mkdir()
    other.mkdir()
    clips["write_clip"](place / "a.mp4")
    secret = clips["write_clip"](other / "secret.mp4", levels=[50] * 20)
    system = VideoSearch().fit(load_videos(place))
    assert system.media_file("a.mp4") == place / "a.mp4"
    catalogue = system.catalogue_
    system.catalogue_ = replace(catalogue, ids=["../other/secret.mp4"])
    with pytest.raises(LookupError, match="lies outside of its folder"):
        system.media_file("../other/secret.mp4")
    system.catalogue_ = catalogue
    (place / "a.mp4").unlink()
    with pytest.raises(LookupError, match="is not there"):
        system.media_file("a.mp4")
    (place / "a.mp4").symlink_to(secret)
    with pytest.raises(LookupError, match="lies outside of its folder"):
        system.media_file("a.mp4")
    (place / "a.mp4").unlink()
    clips["write_clip"](place / "a.mp4", levels=[70] * 20)
    with pytest.raises(LookupError, match="has changed since it was indexed"):
        system.media_file("a.mp4")


def test_inputs_are_words_pictures_and_clips(folder, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(png_of(scene("car", "red", 1)))
    given = ["a red car", picture, folder / "light.mp4", tmp_path / "none.mp4"]
    refused = []
    names, queries = INPUTS.read(given, refused.append)
    assert names == list(map(str, given[:3]))
    assert queries[0] == "a red car"
    assert (queries[1].shape, queries[2].ndim) == ((64, 96, 3), 4)
    assert len(refused) == 1
    assert refused[0].endswith("does not exist; expected a video file.")
    with pytest.raises(ValueError, match="is a text, not a video"):
        INPUTS.decode(b"words in a file")
    long = "a film about " + "x" * 300  # longer than a file's name may be
    assert INPUTS.read([long]) == ([long], [long])


def test_what_asks_is_looked_at_before_it_is_read(folder, tmp_path, monkeypatch):
    few = replace(inputs.SENT, max_bytes=100)
    monkeypatch.setattr(inputs, "SENT", few)
    picture = tmp_path / "a.png"
    picture.write_bytes(png_of(scene("car", "red", 1)))
    monkeypatch.setattr(inputs, "read_image", None)  # nothing is decoded
    refused = []
    INPUTS.read([picture, folder / "light.mp4"], refused.append)
    assert [each.count("what asks has at most 100.") for each in refused] == [1, 1]
    with pytest.raises(ValueError, match="what asks has at most 100"):
        INPUTS.decode(bytes(101))
    os.mkfifo(tmp_path / "b.mp4")
    with pytest.raises(ValueError, match="is no regular file"):
        INPUTS.read([tmp_path / "b.mp4"])
    with pytest.raises(ValueError, match="is a folder"):
        INPUTS.read([tmp_path])


def test_options_that_do_not_fit_are_refused(folder):
    with pytest.raises(ValueError, match="encoder must be photograph or onnx"):
        VideoSearch("resnet").fit(load_videos(folder))
    with pytest.raises(ValueError, match="image_encoder, and text_encoder with it"):
        VideoSearch(image_encoder="a.onnx").fit(load_videos(folder))
    with pytest.raises(ValueError, match="A text side is two files"):
        VideoSearch("onnx", "a.onnx", "b.onnx").fit(load_videos(folder))
    none = VideoCollection("none", "", ["a"], [""], [""], [()])
    with pytest.raises(ValueError, match=r"^No video can be used: a: The video has no"):
        VideoSearch().fit(none)


def test_thumbnails_show_the_middle(system):
    shown = system.thumbnails(["v0", "v9", "nothing"])
    assert shown.shape == (3, 96, 96, 3)
    assert shown[0].any()
    assert not shown[1:].any()
    ids, labels = system.gallery(4)
    assert len(ids) == len(labels) == 4
    assert thumbnail(shown[0]).shape == (768,)


def test_late_scores_are_those_of_each_video_by_itself(system):
    catalogue, pixels = system.catalogue_, system.pixels_
    rows = np.arange(len(catalogue))[::-1]
    frames = [catalogue.frames(row) for row in rows.tolist()]
    asked = np.concatenate([pixels.small[-3:], -pixels.small[:1]])
    expected = {
        row: (pixels.small[own] @ asked.T).max(axis=0).mean()
        for row, own in zip(rows.tolist(), frames, strict=True)
        if own.stop > own.start
    }
    best, scores = pixels.like(asked, len(rows))
    assert sorted(best.tolist()) == sorted(expected)
    np.testing.assert_allclose(scores, [expected[row] for row in best], atol=1e-6)
    vector = pixels.seen[-1]
    each = [pixels.of_text(vector, row) for row in rows.tolist()]
    expected = [(s.max() + s.mean()) / 2 if len(s) else 0 for s in each]
    np.testing.assert_allclose(pixels.late(vector, rows), expected, atol=1e-6)
    assert pixels.late(vector, rows[:0]).shape == (0,)


# --- clicks ---------------------------------------------------------------------------


def test_what_clicks_have_taught_is_part_of_what_is_said(system):
    ids = system.catalogue_.ids
    taught = copy(system)
    rng = np.random.default_rng(0)
    n = 300
    query, item = np.repeat(np.arange(n), 3), np.tile([13, 19, 1], n)
    position, clicked = np.tile([0, 1, 2], n), np.tile([False, True, False], n)
    seen = Impressions(query, item, position, clicked, np.ones(3 * n, bool))
    taught.learn_clicks(rng.normal(0.8, 0.1, 3 * n), seen, ids)
    [before] = system.search_each(["a blue boat"], 9)
    [after] = taught.search_each(["a blue boat"], 9)
    assert system.clicks_ is None
    assert after.ids[0] == "v19"  # which was clicked wherever it stood
    likeness = dict(zip(before.ids, before.columns["similarity"], strict=True))
    for hit in after.records():
        assert sum(hit["parts"].values()) == pytest.approx(hit["score"], abs=1e-5)
        assert hit["similarity"] == pytest.approx(
            likeness.get(hit["id"], hit["similarity"])
        )
        assert hit["part"] in ("words", "meaning", "pixels")
    assert after.records()[0]["parts"]["clicks"] > 0
    assert "clicks" not in before.records()[0]["parts"]
    assert "clicks +" in taught.explain("a blue boat").reasons[0]


# --- what was published, and encoders of one's own ------------------------------------


def test_what_pairs_of_texts_taught_stays_when_videos_are_indexed(data, system):
    pairs = [("car", "motor", 0), ("tower", "castle", 1), ("boat", "ship", 2)] * 20
    published = replace(data.part(range(12)), training=pairs)
    taught = VideoSearch().fit(published)
    entries = list(system.catalogue_.entries())[:9]
    own = replace(data.part(range(9)), training=[], root=Path("films"))
    motor = taught.texts_.meaning.vector("motor", ANALYSIS)
    assert motor.any()
    for _ in range(2):  # and when more come
        taught = taught.with_videos(entries, ("films",), own, ())
        assert taught.manifest_.facts["n_training_texts"] == 60
        again = taught.texts_.meaning.vector("motor", ANALYSIS)
        np.testing.assert_array_equal(again, motor)


def onnx_pair(folder):
    """Write two encoders to colours: the mean of a picture, and of a text by words."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    tokenizers = pytest.importorskip("tokenizers")
    helper, kinds = onnx.helper, onnx.TensorProto

    def written(name, nodes, taken, given, constants):
        graph = helper.make_graph(nodes, name, taken, [given], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        (folder / name).write_bytes(model.SerializeToString())
        return str(folder / name)

    def tensor(name, kind, shape):
        return helper.make_tensor_value_info(name, kind, shape)

    def of_images():
        nodes = [
            helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["vector"]),
        ]
        taken = tensor("pixels", kinds.FLOAT, ["n", 3, 16, 16])
        given = tensor("vector", kinds.FLOAT, ["n", 3])
        return written("image.onnx", nodes, [taken], given, [])

    words = {"[UNK]": 0, "red": 1, "green": 2, "blue": 3}
    table = np.vstack([np.full(3, 0.01), np.eye(3)]).astype(np.float32)

    def of_texts():
        constant = helper.make_tensor("table", kinds.FLOAT, table.shape, table.ravel())
        nodes = [
            helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
            helper.make_node("ReduceMean", ["rows"], ["vector"], axes=[1], keepdims=0),
        ]
        taken = tensor("input_ids", kinds.INT64, ["n", "length"])
        given = tensor("vector", kinds.FLOAT, ["n", 3])
        return written("text.onnx", nodes, [taken], given, [constant])

    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordLevel(words, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return {
        "encoder": "onnx",
        "image_encoder": of_images(),
        "text_encoder": of_texts(),
        "tokenizer": str(folder / "tokenizer.json"),
    }


def test_ones_own_pair_of_encoders_answers_words_by_pixels(data, tmp_path):
    pair = onnx_pair(tmp_path)
    untitled = replace(data.part(range(12)), titles=[""] * 12, descriptions=[""] * 12)
    system = VideoSearch(**pair).fit(untitled)
    assert system.weights_.seen == 1.0
    system.save(tmp_path / "0001")
    (tmp_path / "image.onnx").unlink()  # it is part of what was saved
    loaded = VideoSearch.load(tmp_path / "0001")
    colours = dict(zip(data.ids, data.titles, strict=True))
    for colour in ("red", "green"):
        [answer] = system.search_each([f"something {colour}"], 3)
        assert all(colour in colours[id] for id in answer.ids)
        assert set(answer.columns["part"]) == {"pixels"}
        [again] = loaded.search_each([f"something {colour}"], 3)
        assert (again.ids, again.scores) == (answer.ids, answer.scores)
    [by_picture] = loaded.search_each([scene("boat", "green", 99)], 1)
    assert "green" in colours[by_picture.ids[0]]
    with pytest.raises(ValueError, match="image_encoder"):
        VideoSearch(encoder="onnx").fit(untitled)
