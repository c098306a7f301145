"""Encoders that need no training: found, taken, downloaded, used, saved, by command."""

import hashlib
import json
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.datasets import Images
from lookalike.features.onnx_images import OnnxEncoder
from lookalike.features.photograph import describe_photographs
from lookalike.features.preparation import Preparation
from lookalike.systems.images import SPEC
from lookalike.systems.images.encoders.base import (
    BUILT_IN,
    ENCODERS,
    OF_PIXELS,
    encoder_class,
    ready_encoder,
    version_of,
)
from lookalike.systems.images.encoders.catalogue import (
    CATALOGUE,
    ImageForm,
    ModelFile,
    PublishedEncoder,
)
from lookalike.systems.images.encoders.locate import find, get, is_here, take
from lookalike.systems.images.encoders.onnx import published_images
from lookalike.systems.images.system import ImageSearch


def run(*words, status=0):
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == status, found.output
    return found


def channels_last_model(side, inner):
    """A classifier of (1, side, side, 3): the mean colour, then its softmax."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kinds = onnx.helper, onnx.TensorProto
    taken = helper.make_tensor_value_info("images:0", kinds.FLOAT, [1, side, side, 3])
    given = helper.make_tensor_value_info("Softmax:0", kinds.FLOAT, None)
    nodes = [
        helper.make_node("Transpose", ["images:0"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("GlobalAveragePool", ["turned"], [inner]),
        helper.make_node("Flatten", [inner], ["flat"]),
        helper.make_node("Softmax", ["flat"], ["Softmax:0"]),
    ]
    graph = helper.make_graph(nodes, "classifier", [taken], [given])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model.SerializeToString()


def token_model():
    """Of images of any size: the colours of each pixel, a token a pixel."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kinds = onnx.helper, onnx.TensorProto
    shape = ["n", 3, "height", "width"]
    taken = helper.make_tensor_value_info("pixel_values", kinds.FLOAT, shape)
    given = helper.make_tensor_value_info("last_hidden_state", kinds.FLOAT, None)
    size = helper.make_tensor("size", kinds.INT64, [3], [0, 3, -1])
    nodes = [
        helper.make_node("Reshape", ["pixel_values", "size"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["last_hidden_state"], perm=[0, 2, 1]),
    ]
    graph = helper.make_graph(nodes, "tokens", [taken], [given], [size])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model.SerializeToString()


def entry(model, form, url="https://example.invalid/image.onnx"):
    """A made encoder as the catalogue would have it."""
    digest = hashlib.sha256(model).hexdigest()
    file = ModelFile("image.onnx", url, len(model), digest)
    return PublishedEncoder("made", "Made here.", "none", "", file, form, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Encoders of nobody else are found."""
    folder = tmp_path / "encoders"
    monkeypatch.setenv("LOOKALIKE_ENCODERS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return list(rng.integers(0, 256, (3, 16, 16, 3), np.uint8))


@pytest.fixture
def pictures(tmp_path):
    """A folder with two classes of pictures."""
    rng = np.random.default_rng(0)
    for name, colour in (("red", (200, 40, 30)), ("blue", (30, 60, 190))):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for at in range(4):
            noise = rng.integers(-30, 30, (60, 80, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{at}.png")
    return tmp_path / "pictures"


# The catalogue


def test_every_entry_can_be_followed():
    for name, encoder in CATALOGUE.items():
        assert name == encoder.name
        assert encoder.licence
        assert encoder.form.side <= encoder.form.shorter
        names = [file.name for file in encoder.files]
        assert len(set(names)) == len(names)
        for file in encoder.files:
            assert file.url.startswith("https://")
            assert len(file.sha256) == 64
            assert int(file.sha256, 16)
            assert file.size > 0
        assert encoder_class(name) is OnnxEncoder


def test_names_do_not_clash_with_encoders_that_learn():
    assert not set(CATALOGUE) & {*ENCODERS, "onnx"}


# Files


def test_a_file_is_taken_from_this_machine_and_verified(tmp_path, cache):
    model, source = b"a model", tmp_path / "somewhere.onnx"
    source.write_bytes(model)
    made = entry(model, ImageForm(8, 8, (0.0,), (1.0,)))
    with pytest.raises(FileNotFoundError, match="`lookalike encoders get made` down"):
        find(made, made.image)
    path = take(made, made.image, source, cache)
    assert path == cache / "made" / "image.onnx"
    assert find(made, made.image) == path
    source.write_bytes(b"another")
    with pytest.raises(ValueError, match="damaged or another file: expected SHA-256"):
        take(made, made.image, source, cache)
    assert find(made, made.image).read_bytes() == model  # as it was
    assert [each.name for each in path.parent.iterdir()] == ["image.onnx"]
    path.write_bytes(b"spoiled")
    assert not is_here(made, made.image)
    with pytest.raises(ValueError, match=r"image\.onnx is damaged or another file"):
        find(made, made.image)


def test_a_checksum_that_the_user_gives_stands_for_the_catalogues(tmp_path, cache):
    source = tmp_path / "export.onnx"
    source.write_bytes(b"another export")
    made = entry(b"a model", ImageForm(8, 8, (0.0,), (1.0,)))
    with pytest.raises(ValueError, match="A SHA-256 has 64 digits"):
        take(made, made.image, source, cache, "abc")
    digest = hashlib.sha256(b"another export").hexdigest()
    with pytest.raises(ValueError, match="damaged or another"):
        take(made, made.image, source, cache, "0" * 64)
    take(made, made.image, source, cache, digest)
    assert find(made, made.image).read_bytes() == b"another export"
    (cache / "made" / "image.onnx").write_bytes(b"a third")
    assert not is_here(made, made.image)


def test_a_mirror_is_asked_for_what_is_not_here(tmp_path, monkeypatch, cache):
    model = b"a model " * 1000
    (tmp_path / "mirror" / "home").mkdir(parents=True)
    (tmp_path / "mirror" / "home" / "image.onnx").write_bytes(model)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = partial(Quiet, directory=str(tmp_path / "mirror"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    form = ImageForm(8, 8, (0.0,), (1.0,))
    made = entry(model, form, "https://huggingface.co/home/image.onnx")
    path = get(made, made.image)
    assert path == tmp_path / "cache/lookalike/encoders/made/image.onnx"
    server.shutdown()
    server.server_close()
    assert get(made, made.image) == path  # without the server
    other = replace(made.image, sha256="0" * 64)
    with pytest.raises(ConnectionError, match="Could not download http://127"):
        get(made, other)


# The encoders


def test_the_built_in_encoder_is_its_features(images):
    encoder = ready_encoder(BUILT_IN)
    np.testing.assert_array_equal(
        encoder.transform(np.stack([encoder.preparation.tile(i) for i in images])),
        describe_photographs(images),
    )


def test_a_published_encoder_takes_channels_last_and_gives_an_inner_tensor(
    tmp_path, cache, images
):
    model = channels_last_model(8, "head/AvgPool:0")
    form = ImageForm(8, 10, (0.5,), (0.25,), True, "head/AvgPool:0")
    made, source = entry(model, form), tmp_path / "made.onnx"
    source.write_bytes(model)
    take(made, made.image, source, cache)
    encoder = published_images(made)
    tiles = np.stack([encoder.preparation.tile(image) for image in images])
    found = encoder.transform(tiles)
    means = ((tiles / 255 - 0.5) / 0.25).mean(axis=(1, 2))
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    again = OnnxEncoder.from_arrays(encoder.arrays(), encoder.preparation)
    np.testing.assert_array_equal(again.transform(tiles), found)
    assert version_of(again) == version_of(encoder)
    plain = OnnxEncoder(model, encoder.preparation, "made", channels_last=True)
    assert version_of(plain) != version_of(encoder)


def test_the_first_token_of_a_transformer_is_the_description(images):
    form = Preparation(16, 16, "RGB")
    encoder = OnnxEncoder(token_model(), form, "made", pooling="first token")
    first = np.stack([image[0, 0] for image in images]).astype(float)
    expected = first / np.linalg.norm(first, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.transform(np.stack(images)), expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"must return one vector an image"):
        OnnxEncoder(token_model(), form, "made")


def test_a_saved_system_of_another_release_of_the_features_is_refused(
    tmp_path, monkeypatch
):
    ImageSearch.ready().save(tmp_path / "0001")
    assert ImageSearch.load(tmp_path / "0001").encoder == BUILT_IN
    module = "lookalike.features.photograph_encoder.CODE"
    monkeypatch.setattr(module, 2)
    with pytest.raises(ValueError, match="made by another version of the encoder's"):
        ImageSearch.load(tmp_path / "0001")


# The commands


def test_encoders_are_listed_with_size_licence_and_whether_they_are_here():
    told = json.loads(run("encoders", "list", "--json").stdout)["encoders"]
    assert [each["name"] for each in told] == [BUILT_IN, *CATALOGUE]
    assert {each["state"] for each in told[1:]} == {"not here"}
    assert all(len(file["sha256"]) == 64 for e in told[1:] for file in e["files"])
    assert "MobileCLIP" in run("encoders", "list").stdout


def test_an_encoder_is_taken_used_and_answers(tmp_path, cache, pictures):
    name = "efficientnet-lite4"
    form = CATALOGUE[name].form
    source, library = tmp_path / "export.onnx", tmp_path / "library"
    source.write_bytes(channels_last_model(form.side, form.output))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    told = run("encoders", "use", name, "--folder", library, status=2).stderr
    assert f"`lookalike encoders get {name}` downloads it" in told
    assert not library.exists() or not list(library.iterdir())
    where = ["--folder", cache]
    told = run("encoders", "get", name, "--from", source, *where, status=2).stderr
    assert "damaged or another file" in told
    words = ["encoders", "get", name, "--from", source, "--sha256", digest, *where]
    assert str(cache / name / "image.onnx") in run(*words).stdout
    assert "generation 0001" in run("encoders", "use", name, "--folder", library).stdout
    pytest.importorskip("sqlalchemy")
    assert "8 new" in run("index", "add", pictures, "--folder", library).stdout
    there = ["--system", "images", "--folder", library, "--k", "4", "--json"]
    answers = json.loads(run("search", pictures / "red/1.png", *there).stdout)
    hits = answers["answers"][0]["hits"]
    assert answers["generation"] == "0001"
    assert hits[0]["label"] == str(pictures / "red/1.png")
    assert all("/red/" in hit["label"] for hit in hits)
    words = ["index", "add", pictures, "--encoder", BUILT_IN, "--folder", library]
    assert "--afresh` embeds it again" in run(*words, status=2).stderr


def test_pictures_are_indexed_where_nothing_was_trained(tmp_path, pictures):
    pytest.importorskip("sqlalchemy")
    library = tmp_path / "library"
    assert "8 new" in run("index", "add", pictures, "--folder", library).stdout
    assert "8 unchanged" in run("index", "add", pictures, "--folder", library).stdout
    there = ["--system", "images", "--folder", library, "--k", "4", "--json"]
    answers = json.loads(run("search", pictures / "blue/2.png", *there).stdout)
    hits = answers["answers"][0]["hits"]
    assert hits[0]["label"] == str(pictures / "blue/2.png")
    assert all("/blue/" in hit["label"] for hit in hits)
    words = ["index", "add", pictures, "--encoder", "dino", "--folder", library]
    told = run(*words, status=2).stderr
    assert "dino does not exist; expected an ONNX file, or one of photograph," in told


@pytest.fixture(scope="module")
def large():
    """Twelve photographs of noise, each a class."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (12, 100, 80, 3), np.uint8), np.arange(12)
    return Images("large", "", x, y, x[:2], y[:2])


@pytest.mark.parametrize("name", OF_PIXELS)
def test_encoders_of_pixels_learn_from_small_copies_of_photographs(name, large):
    system = ImageSearch(name).fit(large)
    assert system.encoder_.preparation == Preparation(32, 32, "RGB")
    hits = system.search(list(large.x_train[:4]), k=1)
    assert [ids[0] for ids in hits.ids] == [0, 1, 2, 3]


def test_the_built_in_encoder_is_measured_beside_those_of_pixels(large):
    found = SPEC.evaluate(ImageSearch(BUILT_IN).fit(large), large).metrics
    assert found["reciprocal_rank"].value == 1
    assert {f"{name}_precision_at_10" for name in OF_PIXELS} < set(found)
