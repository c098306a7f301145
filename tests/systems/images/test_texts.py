"""Images found by texts, and named in the user's own words: made files, real runtimes.

The made encoder of images returns the mean colour of a picture; that of texts the mean
of its words' colours. So "red" finds red pictures, and NumPy knows every answer.
"""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.features.text.encoder import TextEncoder
from lookalike.systems.images.encoders.catalogue import (
    CATALOGUE,
    ImageForm,
    ModelFile,
    PublishedEncoder,
    TextSide,
)
from lookalike.systems.images.system import ImageSearch

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

WORDS = ["<pad>", "<end>", "<unknown>", "red", "green", "blue", "a", "photo", "of"]
COLOURS = np.eye(3, dtype=np.float32)[[0, 1, 2]]
TABLE = np.zeros((len(WORDS), 3), np.float32)
TABLE[3:6] = COLOURS
TABLE[1] = 0.1  # the mark of the end is grey
TABLE[0] = 9.0  # what fills up would be seen at once


def model_of(nodes, taken, given, constants=()):
    helper, kinds = onnx.helper, onnx.TensorProto
    kind = {"f": kinds.FLOAT, "i": kinds.INT64}
    inputs = [helper.make_tensor_value_info(n, kind[k], s) for n, k, s in taken]
    output = helper.make_tensor_value_info(given, kinds.FLOAT, None)
    graph = helper.make_graph(nodes, "made", inputs, [output], list(constants))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    return made.SerializeToString()


def image_model(side=8):
    """The mean colour of an image."""
    node = onnx.helper.make_node
    nodes = [
        node("GlobalAveragePool", ["pixel_values"], ["mean"]),
        node("Flatten", ["mean"], ["image_embeds"]),
    ]
    return model_of(nodes, [("pixel_values", "f", [1, 3, side, side])], "image_embeds")


def text_model(n_tokens="n_tokens", mask=False, n_dimensions=3):
    """The sum of the rows of a table that the tokens name; masked ones count not."""
    node, numpy_helper = onnx.helper.make_node, onnx.numpy_helper
    table = numpy_helper.from_array(TABLE[:, :n_dimensions].copy(), "table")
    shape = ["n", n_tokens]
    taken = [("input_ids", "i", shape)]
    nodes = [node("Gather", ["table", "input_ids"], ["rows"])]
    axes = [numpy_helper.from_array(np.array([1]), "axis")]
    if mask:
        taken.append(("attention_mask", "i", shape))
        axes.append(numpy_helper.from_array(np.array([2]), "last"))
        nodes += [
            node("Cast", ["attention_mask"], ["share"], to=onnx.TensorProto.FLOAT),
            node("Unsqueeze", ["share", "last"], ["wide"]),
            node("Mul", ["rows", "wide"], ["counted"]),
        ]
    summed = nodes[-1].output[0]
    nodes.append(node("ReduceSum", [summed, "axis"], ["text_embeds"], keepdims=0))
    return model_of(nodes, taken, "text_embeds", [table, *axes])


def tokenizer_json(**more):
    """A tokenizer.json of these words, which marks the end of each text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, "<unknown>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="$A <end>", special_tokens=[("<end>", 1)]
    )
    if more:
        made.enable_padding(**more)
    return made.to_str().encode()


def text_encoder(model, tokeniser=None, **form):
    held = model, tokeniser or tokenizer_json()
    return TextEncoder(*(np.frombuffer(f, np.uint8) for f in held), "made", **form)


def expected(*tokens):
    found = TABLE[list(tokens)].astype(float).sum(axis=0)
    return found / np.linalg.norm(found)


def run(*words, status=0):
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == status, found.output
    return found


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Encoders of nobody else are found."""
    monkeypatch.setenv("LOOKALIKE_ENCODERS", str(tmp_path / "encoders"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "encoders"


@pytest.fixture
def pictures(tmp_path):
    """Three pictures of red, three of green and three of blue, a little noisy."""
    rng, folder = np.random.default_rng(0), tmp_path / "pictures"
    folder.mkdir()
    for name, colour in zip(("red", "green", "blue"), COLOURS, strict=True):
        for at in range(3):
            noise = rng.integers(0, 50, (20, 20, 3))
            pixels = np.clip(40 + 170 * colour + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}{at}.png")
    return folder


@pytest.fixture
def files(tmp_path):
    """The three files of a made encoder, in a folder."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "image.onnx").write_bytes(image_model())
    (folder / "text.onnx").write_bytes(text_model())
    (folder / "tokenizer.json").write_bytes(tokenizer_json())
    return folder


@pytest.fixture
def own(tmp_path, files, pictures):
    """A library with the made encoder as the user's own files, pictures indexed."""
    pytest.importorskip("sqlalchemy")
    words = ["--text-model", files / "text.onnx"]
    words += ["--tokenizer", files / "tokenizer.json", "--folder", tmp_path / "images"]
    run("index", "add", pictures, "--encoder", files / "image.onnx", *words)
    return tmp_path / "images"


# The text side


def test_a_text_becomes_the_vector_that_numpy_computes():
    encoder = text_encoder(text_model())
    found = encoder.transform(["a RED photo", "green green blue"])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], expected(6, 3, 7, 1), atol=1e-6)
    np.testing.assert_allclose(found[1], expected(4, 4, 5, 1), atol=1e-6)
    again = TextEncoder.from_arrays(encoder.arrays())
    np.testing.assert_array_equal(again.transform(["a RED photo"])[0], found[0])


def test_a_file_of_fixed_length_is_filled_up_and_long_texts_keep_their_end():
    masked = text_encoder(text_model(5, mask=True))
    np.testing.assert_allclose(masked.transform(["red"])[0], expected(3, 1), atol=1e-6)
    plain = text_encoder(text_model(5))
    filled = expected(3, 1, 0, 0, 0)
    np.testing.assert_allclose(plain.transform(["red"])[0], filled, atol=1e-6)
    other = text_encoder(text_model(5), tokenizer_json(pad_id=2, pad_token="<unknown>"))
    np.testing.assert_allclose(
        other.transform(["red"])[0], expected(3, 1, 2, 2, 2), atol=1e-6
    )
    long = plain.transform(["red green blue red green blue"])[0]
    np.testing.assert_allclose(long, expected(3, 4, 5, 3, 1), atol=1e-6)


def test_the_catalogue_says_how_long_texts_are_and_what_fills_them_up():
    encoder = text_encoder(text_model(), context=4, pad=5)
    found = encoder.transform(["red"])[0]
    np.testing.assert_allclose(found, expected(3, 1, 5, 5), atol=1e-6)
    fixed = tokenizer_json(length=6, pad_id=4, pad_token="green")
    found = text_encoder(text_model(), fixed).transform(["red"])[0]
    np.testing.assert_allclose(found, expected(3, 1, 4, 4, 4, 4), atol=1e-6)


def test_files_that_are_no_text_side_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="no ONNX file that can be read"):
        text_encoder(b"nothing").check(3)
    with pytest.raises(ValueError, match=r"no tokenizer\.json that can be read"):
        text_encoder(text_model(), b"nothing").check(3)
    with pytest.raises(ValueError, match=r"must take token numbers .*pixel_values"):
        text_encoder(image_model()).check(3)
    with pytest.raises(ValueError, match=r"must return 3 numbers a text.* got 2"):
        text_encoder(text_model(n_dimensions=2)).check(3)
    (tmp_path / "image.onnx").write_bytes(image_model())
    with pytest.raises(ValueError, match="A text side is two files"):
        ImageSearch.from_onnx(tmp_path / "image.onnx", tmp_path / "image.onnx")


# Search and labels


def test_texts_and_images_of_one_batch_are_answered_as_if_alone(
    own, pictures, tmp_path
):
    from lookalike.cli._systems import open_system

    system = open_system("images", own).system
    picture = np.asarray(Image.open(pictures / "green1.png"))
    together = system.search_each(["red", picture, "a photo of blue"], 3)
    alone = [system.search_each([q], 3)[0] for q in ("red", picture, "a photo of blue")]
    for one, other in zip(together, alone, strict=True):
        assert one.ids == other.ids
        assert one.scores == other.scores
    means = []
    for label in together[0].labels:
        mean = np.asarray(Image.open(label)).reshape(-1, 3).mean(axis=0)
        means.append(mean / np.linalg.norm(mean))
    similarity = together[0].columns["similarity"]
    np.testing.assert_allclose(similarity, np.array(means) @ expected(3, 1), atol=0.01)
    [[named]] = system.classify_as([picture], ["red", "green"], "{label}")
    near = [float(np.dot(system.embed(["green"])[0], system.embed([picture])[0]))]
    near.insert(0, float(np.dot(system.embed(["red"])[0], system.embed([picture])[0])))
    shares = np.exp(100 * np.array(near)) / np.exp(100 * np.array(near)).sum()
    np.testing.assert_allclose(list(named.probabilities.values()), shares, rtol=1e-3)
    assert (named.label, list(named.probabilities)) == ("green", ["red", "green"])
    told = system.explain("red")
    assert told.answer["found"].endswith(together[0].labels[0])
    page = told.page.write(tmp_path / "why.html").read_text()
    assert "What was found for the text: red" in page


def test_the_commands_find_by_words_and_name_in_words(own, pictures, tmp_path):
    there = ["--system", "images", "--folder", own]
    words = ["search", "--text", "a red photo", *there, "--k", 3, "--json"]
    [answer] = json.loads(run(*words).stdout)["answers"]
    assert answer["text"] == "a red photo"
    assert all("/red" in hit["label"] for hit in answer["hits"])
    both = ["search", pictures / "blue0.png", "--text", "green", *there, "--json"]
    image, text = json.loads(run(*both).stdout)["answers"]
    assert image["image"].endswith("blue0.png")
    assert "/green" in text["hits"][0]["label"]
    assert "found" in run("explain", "--text", "blue", *there).stdout
    told = run("classify", pictures, "--labels", "red,green,blue", *there, "--json")
    answers = json.loads(told.stdout)["answers"]
    assert len(answers) == 9
    assert all(each["label"] in each["image"] for each in answers)
    words = ["--prompt", "{label} of a photo", "--labels", "red,blue"]
    assert "red" in run("classify", pictures / "red0.png", *words, *there).stdout


def test_what_cannot_be_asked_gets_a_sentence(own, pictures, tmp_path):
    there, one = ["--system", "images", "--folder", own], pictures / "red0.png"
    told = run("classify", one, *there, status=2).stderr
    assert "images has no names of its own; --labels cat,dog says" in told
    told = run("classify", one, "--labels", "red", *there, status=2).stderr
    assert "labels must be at least two, all different and none empty" in told
    words = ["--labels", "red,blue", "--prompt", "a photo"]
    told = run("classify", one, *words, *there, status=2).stderr
    assert "The prompt must hold {label}, got 'a photo'" in told
    assert "text is empty" in run("search", "--text", " ", *there, status=2).stderr
    assert "Name an image file" in run("search", *there, status=2).stderr
    plain = ["--system", "images", "--folder", tmp_path / "plain"]
    run("index", "add", pictures, "--folder", tmp_path / "plain")
    told = run("search", "--text", "red", *plain, status=2).stderr
    assert "photograph, knows no words; mobileclip-s0 and clip-vit-b32 do:" in told
    told = run("classify", one, "--labels", "a,b", *plain, status=2).stderr
    assert "`lookalike encoders get clip-vit-b32`, then `encoders use cl" in told


def test_a_published_encoder_is_used_with_its_text_side_or_without(
    tmp_path, files, pictures, monkeypatch
):
    pytest.importorskip("sqlalchemy")

    def entry(name):
        data = (files / name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return ModelFile(name, f"https://example.invalid/{name}", len(data), digest)

    side = TextSide(entry("text.onnx"), entry("tokenizer.json"), "text_embeds")
    form = ImageForm(8, 8, (0.0,), (1.0,), output="image_embeds")
    made = PublishedEncoder(
        "made", "Made here.", "none", "", entry("image.onnx"), form, 3, side
    )
    monkeypatch.setitem(CATALOGUE, "made", made)
    there, ask = ["--folder", tmp_path / "images"], ["search", "--text", "blue"]
    run("encoders", "get", "made", "--from", files, "--images-only")
    run("encoders", "use", "made", *there)
    run("index", "add", pictures, *there)
    told = run(*ask, "--system", "images", *there, status=2).stderr
    assert "The text side of made is not part of this generation" in told
    run("encoders", "get", "made", "--from", files)
    run("encoders", "use", "made", *there)
    told = run("index", "add", pictures, *there).stdout
    assert "9 unchanged" in told  # vectors of images are the same with it
    found = json.loads(run(*ask, "--system", "images", *there, "--json").stdout)
    assert found["generation"] == "0002"
    assert "/blue" in found["answers"][0]["hits"][0]["label"]


# Over HTTP


@pytest.fixture
def client(own, tmp_path):
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from lookalike.core.library import Library
    from lookalike.service import create_app
    from lookalike.service.database import Database
    from lookalike.service.settings import Settings

    database = Database(f"sqlite:///{own}/service/lookalike.db", "fast")
    served = create_app(
        {"images": Library("images", own)}, database, Settings(state=own / "service")
    )
    with TestClient(served, base_url="http://127.0.0.1") as found:
        yield found


def test_the_service_finds_by_words_and_names_in_words(client, pictures):
    described = client.get("/v1/systems").json()["systems"][0]
    assert "text" in described["forms"]
    assert "zero_shot" in described["capabilities"]
    found = client.post("/v1/images/search", json={"text": "green", "k": 3})
    assert all(
        h["label"].startswith("green") for h in found.json()["answers"][0]["hits"]
    )
    found = client.post("/v1/images/search", json={"texts": ["red", "blue"], "k": 1})
    labels = [each["hits"][0]["label"] for each in found.json()["answers"]]
    assert [label.rpartition("/")[2][:-5] for label in labels] == ["red", "blue"]
    assert client.post("/v1/images/explain", json={"text": "red"}).status_code == 200
    file = (pictures / "blue1.png").read_bytes()
    address = "/v1/images/classify?labels=red,blue&prompt={label}"
    headers = {"content-type": "image/png"}
    named = client.post(address, content=file, headers=headers).json()["answers"]
    assert named[0]["label"] == "blue"
    assert named[0]["input"] == 0
    form = client.post(
        "/v1/images/classify", files={"image": file}, data={"labels": "green,blue"}
    )
    assert form.json()["answers"][0]["label"] == "blue"


@pytest.mark.parametrize(
    ("verb", "body", "sentence"),
    [
        ("search", {"text": "red", "image": {"base64": ""}}, "either images or texts"),
        ("search", {"text": "red", "texts": ["red"]}, "either text or texts"),
        ("search", {"text": " "}, "The text is empty"),
        ("search", {"text": "red", "labels": ["a", "b"]}, "labels"),
        ("classify", {"image": {"pixels": [[0, 255]]}}, "labels must be at least two"),
        ("classify", {"text": "red", "labels": ["a", "b"]}, "text"),
    ],
)
def test_the_service_refuses_in_a_sentence(client, verb, body, sentence):
    found = client.post(f"/v1/images/{verb}", json=body)
    assert found.status_code == 422
    assert sentence in found.json()["detail"]


@pytest.fixture
def port(own, servers, tmp_path):
    """That of a service of these pictures."""
    starting = servers([own], tmp_path)
    yield next(starting)().port
    next(starting, None)


def test_the_page_has_a_field_for_words(port):
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("There is no Chromium here (apt-get install chromium).")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        page, wrong = browser.new_page(), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_label("What to look for, in words").fill("green")
        page.get_by_role("button", name="Look").click()
        hit = page.locator("#hits .hit").first
        playwright.expect(hit).to_contain_text("green", timeout=20_000)
        page.locator("#why-answer").click()
        dialog = page.locator("#why")
        playwright.expect(dialog).to_contain_text("similarity", timeout=20_000)
        browser.close()
    assert wrong == []
