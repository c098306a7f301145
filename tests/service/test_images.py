"""Image search over HTTP: what is shown, what is clicked, and what is learned of it."""

import base64
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.datasets import Images, load_digits_sample
from lookalike.systems.images import SPEC
from lookalike.systems.images.system import ImageSearch

pytest.importorskip("fastapi")
N = 12


@pytest.fixture
def folder(tmp_path):
    """A dozen pictures of several sizes and shapes, one of them in colour."""
    root = tmp_path / "pictures"
    root.mkdir()
    for at, image in enumerate(load_digits_sample().x_train[::300][:N]):
        picture = Image.fromarray(image).resize((50 + at, 70))
        (picture.convert("RGB") if at == 3 else picture).save(root / f"{at:02}.png")
    return root


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/log.db"


@pytest.fixture
def there(tmp_path, url):
    """What every command is told: the library, and the service's database."""
    return ["--folder", tmp_path / "images", "--database", url]


@pytest.fixture(scope="module")
def fitted():
    known = load_digits_sample()
    some = known.x_train[::40], known.y_train[::40]
    return ImageSearch("pixels").fit(Images("few", "", *some, *some))


@pytest.fixture
def library(tmp_path, fitted, folder, there):
    Library("images", tmp_path / "images").add(fitted.save)
    run("index", "add", folder, *there)
    return Library("images", tmp_path / "images")


@pytest.fixture
def serve(tmp_path, library, url):
    from contextlib import ExitStack

    from starlette.testclient import TestClient

    from lookalike.service import create_app
    from lookalike.service.database import Database
    from lookalike.service.settings import Settings

    with ExitStack() as stack:

        def make(**given):
            settings = {"watch": 0.02, "refresh": 0.05} | given
            chosen = Settings(state=tmp_path / "state", **settings)
            database = Database(url, "fast")
            served = create_app({"images": library}, database, chosen)
            client = TestClient(served, base_url="http://127.0.0.1")
            return stack.enter_context(client)

        yield make


def run(*words):
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == 0, found.output
    return found.stdout


def ask(client, file, status=200, **options):
    sent = {"image": {"base64": base64.b64encode(file.read_bytes()).decode()}}
    answer = client.post("/v1/images/search", json=sent | options)
    assert answer.status_code == status, answer.text
    return answer.json()


def answer_of(library, url, file, k):
    """What the library answers to a file, searching the folders that are indexed."""
    from lookalike.service.database.migrate import open_database
    from lookalike.service.image_folders import with_folders

    database = open_database(url)
    system = with_folders(ImageSearch.load(library.folder / "0001"), database)
    [answer] = system.search_each(SPEC.decoder().read([file])[1], k)
    database.close()
    return answer


def ids(answer):
    return [hit["id"] for hit in answer["answers"][0]["hits"]]


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_answers_over_http_are_those_of_the_library(serve, library, folder, url):
    client = serve()
    for file in sorted(folder.iterdir())[:4]:
        answer = ask(client, file, k=5)
        expected = answer_of(library, url, file, 5)
        [told] = answer["answers"]
        # Visitors see names below the folder, and not where the server has it.
        shown = [
            {**hit, "label": Path(hit["label"]).name} for hit in expected.records()
        ]
        assert told["hits"] == shown
        assert told["hits"][0]["label"] == file.name
        assert (told["shuffled"], answer["degraded"]) == (False, False)
    assert client.post("/v1/images/recommend").status_code == 404


def test_a_file_a_form_and_pixels_are_read_alike(serve, folder):
    client, file = serve(), folder / "05.png"
    expected = ask(client, file, k=3)["answers"]
    where = "/v1/images/search?k=3"
    form = client.post(where, files={"image": file.read_bytes()})
    whole = client.post(
        where, content=file.read_bytes(), headers={"content-type": "image/png"}
    )
    pixels = np.asarray(Image.open(file)).tolist()
    rows = client.post(where, json={"image": {"pixels": pixels}})
    for answer in (form, whole, rows):
        assert answer.json()["answers"] == expected


def test_more_than_there_is_gives_what_there_is(serve, folder):
    assert len(ids(ask(serve(), folder / "00.png", k=200))) == N


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"image": {"pixels": [[0, 1], [2]]}}, 422, "of one length"),
        ({"image": {"base64": "AAAA"}}, 422, "image"),
        ({"image": {"pixels": [[0]]}, "k": 201}, 422, "k may be at most 200"),
        (
            {"image": {"pixels": [[0]]}, "where": {"a": [1]}},
            422,
            "no attributes: leave where",
        ),
    ],
)
def test_bad_requests_are_refused_in_a_sentence(serve, body, status, sentence):
    answer = serve().post("/v1/images/search", json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_one_bad_image_does_not_spoil_a_request_that_came_with_it(serve, folder):
    from lookalike.service.answering import AnswerRequest
    from lookalike.service.engine import Job

    served = serve().app.state.components.served["images"]
    good, other = ((folder / f"0{n}.png").read_bytes() for n in (2, 7))
    late = time.monotonic() + 60
    contents = (good, b"no", other)
    asked = [AnswerRequest("search", [content], 3) for content in contents]
    jobs = [Job(each, late, None) for each in asked]
    first, bad, second = served._answer(jobs)
    assert isinstance(bad, ValueError)
    names = [each.answers[0].labels[0] for each in (first, second)]
    assert names == ["02.png", "07.png"]


def test_what_there_is_no_time_for_is_left_out_and_said(serve, folder, monkeypatch):
    client = serve()
    encoder = client.app.state.components.served["images"].active.system.encoder_
    embed, seen = encoder.transform, []

    def slow(tiles):
        seen.append(len(tiles))
        time.sleep(0.08)
        return embed(tiles)

    monkeypatch.setattr(encoder, "transform", slow)
    pixels = {"pixels": np.asarray(Image.open(folder / "05.png")).tolist()}
    sent = {"images": [pixels] * 100, "k": 2, "deadline_ms": 120}
    answer = client.post("/v1/images/search", json=sent).json()
    assert answer["degraded"]
    assert 1 <= len(answer["answers"]) <= sum(seen) < 100


def test_explain_says_what_spoke_for_each_and_what_was_left_out(serve, folder, there):
    run("index", "mark", folder / "01.png", "--as", "private", *there)
    client = serve()
    file = {"image": (folder / "01.png").read_bytes()}
    reasons = client.post("/v1/images/explain", files=file).json()["reasons"]
    assert reasons[0].startswith("1. ")
    assert "01.png: left out: private" in reasons


def test_pictures_are_shown_whole_on_a_square(serve, folder):
    client = serve()
    known = client.get("/v1/images/gallery?n=5").json()
    assert len(set(known["ids"])) == 5
    answer = client.get("/v1/images/thumbnails", params={"id": [*known["ids"], "?"]})
    assert answer.headers["x-shape"] == "96x96x3"
    pictures = np.frombuffer(answer.content, np.uint8).reshape(6, 96, 96, 3)
    assert (pictures[5] == 0).all()
    # Higher than wide: white stands left and right of it, and only there.
    assert (pictures[0, :, [0, -1]] == 255).all()
    assert (pictures[0, 0, 40:50] < 40).all()


def test_what_is_indexed_while_it_answers_is_found(serve, folder, there):
    client = serve()
    new = folder / "new.png"
    shape = np.zeros((40, 40), np.uint8)
    shape[::2] = 255
    Image.fromarray(shape).save(new)
    assert ask(client, new, k=1)["answers"][0]["hits"][0]["label"] != new.name
    run("index", "add", folder, *there)

    def found():
        return ask(client, new, k=1)["answers"][0]["hits"][0]["label"] == new.name

    until(found)
    run("index", "mark", new, "--as", "blocked", *there)
    until(lambda: not found())


def test_clicks_that_came_over_http_change_the_order(
    serve, folder, library, url, there
):
    client, file = serve(explore=0.3), folder / "00.png"
    loved = answer_of(library, url, file, N).ids[7]
    rng = np.random.default_rng(0)
    n_shuffled, orders = 0, {False: set(), True: set()}
    events = []
    for number in range(300):
        answer = ask(client, file, k=N)
        shuffled = answer["answers"][0]["shuffled"]
        n_shuffled += shuffled
        orders[shuffled].add(tuple(ids(answer)))
        for place, id in enumerate(ids(answer), start=1):
            if rng.random() < (0.95 if id == loved else 0.1) / place**0.5:
                events.append(
                    {
                        "event_id": f"{number} {id}",
                        "action_name": "click",
                        "timestamp": "2026-01-01T00:00:00Z",
                        "query_id": answer["query_id"],
                        "event_attributes": {"object": {"object_id": id}},
                    }
                )
    assert 50 < n_shuffled < 130
    assert len(orders[False]) == 1 < len(orders[True])
    for start in range(0, len(events), 500):
        sent = {"events": events[start : start + 500]}
        assert client.post("/v1/events", json=sent).status_code == 200
    time.sleep(0.2)  # what was shown is stored within a twentieth of a second
    told = run("index", "learn", *there)
    assert f"{300 * N:,} impressions and {len(events):,} clicks" in told
    until(lambda: client.get("/readyz").json()["generations"]["images"] == "0002")

    def first():
        answers = (ask(client, file, k=N)["answers"][0] for _ in range(50))
        [top, *_] = next(a for a in answers if not a["shuffled"])["hits"]
        return top

    top = first()
    assert top["id"] == loved
    assert any("times as often as others" in rule for rule in top["rules"])


def test_what_was_shown_is_logged_with_its_chance(serve, folder, url):
    from lookalike.service.database import Database
    from lookalike.service.training import training_rows

    for share, chance in ((0.0, 1.0), (1.0, 1 / 4)):
        client = serve(explore=share)
        sent = ask(client, folder / "00.png", k=4, query_id=f"q{share}")
        told = {hit["id"]: hit["similarity"] for hit in sent["answers"][0]["hits"]}

        def rows(name=f"q{share}"):
            log = Database(url)
            found = [r for r in training_rows(log) if r["query_id"] == name]
            log.close()
            return found

        until(rows)
        shown = rows()
        assert [row["id"] for row in shown] == list(told)
        assert {row["propensity"] for row in shown} == {chance}
        assert [row["score"] for row in shown] == list(told.values())


def test_the_page_shows_pictures_and_logs_what_is_looked_at(start_server, folder, url):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("There is no Chromium here (apt-get install chromium).")
    from lookalike.service.database import Database
    from lookalike.service.training import training_rows

    server = start_server(url=url)
    wrong = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.goto(f"http://127.0.0.1:{server.port}/")
        page.wait_for_selector("#gallery button canvas")
        assert page.locator("#gallery button").count() == N
        assert not page.is_visible("#tab-map")
        page.set_input_files("#file", folder / "03.png")
        page.wait_for_selector("#hits .hit canvas")
        assert page.locator("#hits .hit").count() == N
        assert page.inner_text("#hits .hit b") == "03.png"
        assert page.locator(".verdict").count() == 0  # it names nothing
        page.locator("#hits .hit").nth(2).click()
        page.wait_for_selector("dialog[open] canvas")
        assert "Place 3, similarity" in page.inner_text("#why-body")
        page.keyboard.press("Escape")
        page.locator("#gallery button").nth(4).click()
        first = page.locator("#hits .hit b").first
        playwright.expect(first).not_to_have_text("03.png")
        browser.close()
    assert wrong == []

    def clicked():
        log = Database(url)
        rows = training_rows(log)
        log.close()
        return [row["position"] for row in rows if "click" in row["actions"]]

    until(clicked)
    assert clicked() == [3]
