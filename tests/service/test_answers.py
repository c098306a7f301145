"""The service answers like the library, and refuses with a sentence."""

import base64
import io
import json
import struct
import time
from zlib import compress, crc32

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lookalike.service.bodies import parsed
from lookalike.service.errors import ServiceError
from lookalike.service.schemas import ImageRequest
from lookalike.systems.digits.system import Digits


def png(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def pictured(image):
    return {"base64": base64.b64encode(png(image)).decode()}


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def system(library):
    return Digits.load(library.folder / "0001")


def ids_of(answer):
    return [[int(hit["id"]) for hit in each["hits"]] for each in answer["answers"]]


def test_search_answers_like_the_library(client, system, digits_data):
    queries = digits_data.x_test[:40]
    body = {"images": [{"pixels": q.tolist()} for q in queries], "k": 7}
    answer = client.post("/v1/digits/search", json=body).json()
    expected = system.search(queries, 7)
    assert ids_of(answer) == [row.tolist() for row in expected.ids]
    scores = [[hit["score"] for hit in each["hits"]] for each in answer["answers"]]
    assert scores == [row.tolist() for row in expected.scores]
    assert answer["generation"] == "0001"
    assert answer["embedding_version"] == system.embedding_version


def test_classify_answers_like_the_library(client, system, digits_data):
    queries = digits_data.x_test[:40]
    body = {"images": [pictured(q) for q in queries]}
    answer = client.post("/v1/digits/classify", json=body).json()
    expected = system.classify(queries)
    assert [a["label"] for a in answer["answers"]] == expected.labels.tolist()
    shares = [list(a["probabilities"].values()) for a in answer["answers"]]
    assert shares == expected.probabilities.tolist()


def test_a_batch_answers_like_its_queries_one_by_one(client, digits_data):
    queries = digits_data.x_test[:5]
    body = {"images": [pictured(q) for q in queries], "k": 4}
    together = client.post("/v1/digits/search", json=body).json()["answers"]
    for query, expected in zip(queries, together, strict=True):
        alone = client.post(
            "/v1/digits/search", json={"image": pictured(query), "k": 4}
        )
        assert alone.json()["answers"] == [expected]


def test_every_form_of_a_request_gets_the_same_answer(client, digits_data):
    image = digits_data.x_test[3]
    answers = [
        client.post("/v1/digits/search", json={"image": pictured(image), "k": 3}),
        client.post("/v1/digits/search", files={"image": png(image)}, data={"k": "3"}),
        client.post(
            "/v1/digits/search?k=3",
            content=png(image),
            headers={"content-type": "image/png"},
        ),
    ]
    found = [answer.json()["answers"] for answer in answers]
    assert found[0] == found[1] == found[2]
    assert len(found[0][0]["hits"]) == 3


def test_a_filter_lets_only_its_label_through(client, digits_data):
    body = {"image": pictured(digits_data.x_test[0]), "k": 200, "where": {"label": [3]}}
    hits = client.post("/v1/digits/search", json=body).json()["answers"][0]["hits"]
    assert len(hits) == int((digits_data.y_train == 3).sum())
    assert {hit["label"] for hit in hits} == {3}


def test_a_filter_on_what_nobody_has_finds_nothing(client, digits_data):
    body = {"image": pictured(digits_data.x_test[0]), "where": {"colour": ["red"]}}
    answer = client.post("/v1/digits/search", json=body).json()
    assert answer["answers"] == [{"shuffled": False, "hits": []}]
    refused = client.post("/v1/digits/classify", json=body)
    assert refused.status_code == 422
    assert "none can vote" in refused.json()["detail"]


def test_a_late_batch_comes_back_in_part_and_says_so(make_client, digits_data):
    client = make_client()
    system = client.components.served["digits"].active.system
    describe = system.describe

    def slow(images):
        vectors = describe(images)
        time.sleep(0.2)
        return vectors

    system.describe = slow
    body = {"images": [pictured(digits_data.x_test[0])] * 100, "deadline_ms": 100}
    answer = client.post("/v1/digits/search", json=body).json()
    assert answer["degraded"] is True
    assert 0 < len(answer["answers"]) < 100


def test_why_names_place_parts_and_rules(client, system, digits_data):
    image = digits_data.x_test[0]
    body = {"image": pictured(image), "k": 5}
    hits = client.post("/v1/digits/search", json=body).json()["answers"][0]["hits"]
    told = client.post("/v1/digits/explain", json={**body, "id": hits[1]["id"]}).json()
    assert told["rank"] == 2
    assert told["distance"] == pytest.approx(hits[1]["distance"], rel=1e-6)
    vectors = system.describe(image[None]).astype(float)
    known = system.items_.base_vectors[int(hits[1]["id"])].astype(float)
    squared = (vectors[0] - known) ** 2
    parts = {part["dimension"]: part["squared_difference"] for part in told["parts"]}
    assert set(parts) == set(np.argsort(-squared)[:5].tolist())
    assert parts[int(squared.argmax())] == pytest.approx(squared.max())
    assert [each["id"] for each in told["evidence"]] == [hit["id"] for hit in hits]
    assert base64.b64decode(told["query"]["pixels"]) == image.tobytes()
    far = client.post("/v1/digits/explain", json={**body, "id": "1"}).json()
    assert far["rank"] is None
    assert "not among the first 5" in " ".join(far["rules"])


def test_the_views_of_the_page_say_what_the_catalogue_holds(client, digits_data):
    gallery = client.get("/v1/digits/gallery?n=20").json()
    assert len(set(gallery["labels"])) == 10
    ids = gallery["ids"][:3]
    answer = client.get("/v1/digits/thumbnails", params=[("id", i) for i in ids])
    images = np.frombuffer(answer.content, np.uint8).reshape(3, 28, 28)
    rows = [int(i) for i in ids]
    np.testing.assert_array_equal(images, digits_data.x_train[rows])
    found = client.get("/v1/digits/map?n=100").json()
    x = np.frombuffer(base64.b64decode(found["x"]), "<u2")
    label = np.frombuffer(base64.b64decode(found["label"]), np.uint8)
    assert len(x) == len(label) == found["n"] == len(found["ids"]) <= 100
    expected = digits_data.y_train[[int(i) for i in found["ids"]]]
    np.testing.assert_array_equal(np.array(found["classes"])[label], expected)
    quality = client.get("/v1/digits/quality").json()["quality"]
    assert np.sum(quality["confusion"]) == len(digits_data.x_test)
    assert len(quality["wrong"]) == quality["n_test"] - np.trace(quality["confusion"])
    compared = client.get("/v1/digits/generations/compare?first=0001&second=0002")
    assert "Item by item" in compared.json()["sentence"]


def bomb():
    """A PNG of some hundred bytes that claims to be 50,000 pixels wide and high."""

    def chunk(name, data):
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", crc32(whole))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", compress(bytes(10**5)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "kind", "status", "sentence"),
    [
        (b"{", "application/json", 422, "JSON"),
        (b"[" * 100_000, "application/json", 422, ""),
        (b'{"image": {"base64": "AAA="}, "k": 0}', "application/json", 422, "k"),
        (b'{"image": {"base64": "AAA="}, "k": 201}', "application/json", 422, "200"),
        (b'{"image": {"base64": "!!"}}', "application/json", 422, "base64"),
        (b'{"image": {"base64": "AAAA"}}', "application/json", 422, "not an image"),
        (b'{"image": {"pixels": [[1, 2], [3]]}}', "application/json", 422, "length"),
        (b'{"image": {"pixels": [[1, 2], [3, 4]]}}', "application/json", 422, "28 by"),
        (b'{"image": {"pixels": [[300]]}}', "application/json", 422, "255"),
        (b'{"images": []}', "application/json", 422, "at least 1"),
        (b'{"image": {}}', "application/json", 422, "either"),
        (b'{"user_id": "\\ud800"}', "application/json", 422, ""),
        (b'{"user_id": "\\u0000"}', "application/json", 422, "user_id"),
        (b'{"unknown": 1}', "application/json", 422, "unknown"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png", 422, "not an image"),
        (bomb(), "image/png", 422, "too large"),
        (b"", "image/png", 422, ""),
        (b"x", "text/plain", 415, "application/json"),
        (b"no form", "multipart/form-data; boundary=b", 422, "form"),
        (b"no form", "multipart/form-data", 422, "form"),
    ],
)
def test_bad_input_gets_a_sentence(client, body, kind, status, sentence):
    headers = {"content-type": kind}
    answer = client.post("/v1/digits/search", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert sentence in answer.json()["detail"]
    assert client.log.getvalue().count('"error"') == 0


FIELD = b'--b\r\nContent-Disposition: form-data; name="k"\r\n\r\n3\r\n'
FILE = FIELD.replace(b'"k"', b'"image"; filename="f"')
WHERE = FIELD.replace(b"k", b"where")
END = b"--b--"
FORM = "multipart/form-data; boundary=b"
NO_FORM = "The form cannot be read: "


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (FILE + END, "multipart/form-data", "its boundary is missing"),
        (FILE + END, "multipart/form-data; boundary=\xe9", "boundary is missing"),
        (FILE, FORM, NO_FORM),
        (b"nothing", FORM, NO_FORM),
        (FILE.replace(b"\r", b"") + END, FORM, NO_FORM),
        (b"--b\r\n\r\n3\r\n" + END, FORM, NO_FORM),
        (b"--b\r\nname\r\n\r\n3\r\n" + END, FORM, NO_FORM),
        (FILE.replace(b"form-data", b"mail") + END, FORM, NO_FORM),
        (FIELD * 23 + END, FORM, NO_FORM),
        (FILE + FIELD.replace(b"k", b"\xff") + END, FORM, "failed to decode."),
        (END, FORM, "holds no file named image"),
        (FIELD + END, FORM, "holds no file named image"),
        (FILE.replace(b"image", b"photo") + END, FORM, "got 'photo'"),
        (FILE + FIELD.replace(b"3", b"many") + END, FORM, "k: "),
        (FILE + FIELD.replace(b"k", b"j") + END, FORM, "j: "),
        (FILE + WHERE + END, FORM, "where: "),
        (FILE + WHERE.replace(b"3", b"{") + END, FORM, "where must be JSON"),
    ],
)
def test_what_is_no_form_is_refused(make_client, body, kind, sentence):
    client = make_client(max_batch=2)
    headers = {b"content-type": kind.encode("latin-1")}
    answer = client.post("/v1/digits/search", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert sentence in answer.json()["detail"]
    assert answer.json()["detail"].endswith(".")


def test_the_files_of_a_form_are_answered_in_their_order(make_client, digits_data):
    client = make_client(max_batch=5)
    files = [png(image) for image in digits_data.x_test[:6]]

    def search(sent):
        form = [("image", file) for file in sent]
        return client.post("/v1/digits/search", files=form, data={"k": "3"})

    alone = [search([file]).json()["answers"][0] for file in files[:5]]
    assert alone[0] != alone[1]
    assert search(files[:5]).json()["answers"] == alone
    assert search(files[4::-1]).json()["answers"] == alone[::-1]
    refused = search(files)
    assert refused.status_code == 413
    assert "At most 5 images" in refused.json()["detail"]


def test_a_file_with_line_ends_and_boundaries_of_others_stays_whole(
    client, digits_data
):
    image, stream, about = digits_data.x_test[0], io.BytesIO(), PngInfo()
    about.add_text("note", "\r\n--c\r\n\r\n--\r\n--c--\r\n")
    Image.fromarray(image).save(stream, "PNG", pnginfo=about)
    body = b'--b\r\nContent-Disposition: form-data; filename="f"; name="image"\r\n'
    body += b"Content-Type: image/png\r\n\r\n" + stream.getvalue() + b"\r\n--b--\r\n"
    assert b"\r\n--c--\r\n" in body
    headers = {"content-type": 'multipart/form-data; charset=x; boundary="b"'}
    found = client.post("/v1/digits/search", content=body, headers=headers)
    plain = client.post("/v1/digits/search", json={"image": pictured(image)})
    assert found.status_code == 200, found.text
    assert found.json()["answers"] == plain.json()["answers"]


def test_a_cut_or_blank_picture_is_refused_and_the_first_frame_answered(
    client, digits_data
):
    whole = png(digits_data.x_test[0])
    frames = [Image.fromarray(image) for image in digits_data.x_test[:2]]
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    blank = np.zeros((28, 28), np.uint8)
    for sent in (whole[: len(whole) // 2], png(blank)):
        answer = client.post("/v1/digits/search", files={"image": sent})
        assert answer.status_code == 422
        assert answer.json()["detail"].endswith(".")
    answer = client.post("/v1/digits/search", json={"image": pictured(blank)})
    assert answer.status_code == 422
    assert "There is no digit on the image" in answer.json()["detail"]
    still, first = (
        client.post("/v1/digits/search", files={"image": sent}).json()["answers"]
        for sent in (whole, moving.getvalue())
    )
    assert first == still


def test_pictures_of_too_many_pixels_together_are_refused(make_client, digits_data):
    client = make_client(max_pixels=1_000, max_request_pixels=1_600)
    file = base64.b64encode(png(digits_data.x_test[0])).decode()
    for n, status in ((2, 200), (3, 413)):
        body = {"images": [{"base64": file}] * n, "k": 1}
        answer = client.post("/v1/digits/search", json=body)
        assert answer.status_code == status
    assert "1,600 pixels together; got 2,352" in answer.json()["detail"]


def test_a_body_that_is_too_large_is_refused_unread(make_client):
    client = make_client(max_body=1000)
    headers = {"content-type": "image/png"}
    for body in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
        answer = client.post("/v1/digits/search", content=body, headers=headers)
        assert answer.status_code == 413
        assert "1,000 bytes" in answer.json()["detail"]


def test_too_many_images_are_refused(make_client, digits_data):
    client = make_client(max_batch=2)
    body = {"images": [pictured(digits_data.x_test[0])] * 3}
    answer = client.post("/v1/digits/search", json=body)
    assert answer.status_code == 413
    assert "At most 2 images" in answer.json()["detail"]


def test_health_readiness_and_metrics_are_told(client, digits_data):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json()["generations"] == {"digits": "0001"}
    client.post("/v1/digits/search", json={"image": pictured(digits_data.x_test[0])})
    text = client.get("/metrics").text
    counted = 'lookalike_requests_total{route="/v1/digits/search",status="200"} 1.0'
    assert counted in text
    live = client.get("/v1/live").json()
    assert live["requests"] >= 1
    assert live["buckets"][-1][0] is None


def test_answers_carry_security_headers_and_no_cors(client):
    answer = client.get("/", headers={"origin": "http://elsewhere.example"})
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    for name in ("main.js", "style.css", "icon.svg", "docs.html"):
        assert client.get(f"/page/{name}").status_code == 200
    assert client.get("/page/..%2fapp.py").status_code == 404


def test_the_address_fills_in_what_the_body_does_not_say(make_client, digits_data):
    client = make_client()
    image = digits_data.x_test[0]
    asked = {"image": {"pixels": image.tolist()}}

    def found(**sent):
        told = client.post("/v1/digits/search?k=3", **sent).json()
        return len(told["answers"][0]["hits"])

    assert found(json=asked) == 3
    assert found(json={**asked, "k": 5}) == 5
    assert found(files={"image": png(image)}) == 3
    assert found(files={"image": png(image)}, data={"k": "5"}) == 5
    assert found(files={"image": png(image)}, data={"deadline_ms": "9000"}) == 3


def test_what_is_wrong_is_said_without_what_was_sent(client):
    secret = {"events": [{"event_id": "a", "message": 3, "secret": "s3"}]}
    refused = client.post("/v1/events", json=secret)
    assert refused.status_code == 422
    assert "s3" not in refused.text
    body = json.dumps({"image": {"base64": 7, "secret": "s3"}}).encode()
    with pytest.raises(ServiceError) as error:
        parsed(body, ImageRequest)
    assert "s3" not in error.value.detail
