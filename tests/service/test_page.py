"""The page in a real browser: every system that is served, by what it can do."""

import json
import os
import re
import shutil
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from runpy import run_path

import httpx2
import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.service.database.alarms import Alarm, keep_state, raise_alarms
from lookalike.service.database.loop_steps import add_step
from lookalike.service.database.migrate import open_database
from lookalike.service.drift import Budgeted, compare_features
from lookalike.service.watched_lists import Watched

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=20_000)
FEATURES = Path(__file__).parents[1] / "features"
WIDE = "document.documentElement.scrollWidth - innerWidth"
UNNAMED = """() => [...document.querySelectorAll(
  'button, canvas, input, select, textarea')]
  .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.innerText || e.title
    || e.labels?.length || e.closest('[aria-label]'))).map((e) => e.outerHTML)"""


@pytest.fixture
def visit(browser, visiting, one_server):
    """Open the page of digits alone."""
    yield from visiting(browser, one_server.port)


@pytest.fixture
def visit_many(browser, visiting, many_served):
    """Open the page of a service with many systems."""
    yield from visiting(browser, many_served.port)


@pytest.fixture
def visit_feed(browser, visiting, servers, small, tmp_path):
    """Open the page of the feed alone."""
    starting = servers([small("feed").folder.parent], tmp_path)
    process = next(starting)("--state", str(tmp_path / "state"))
    yield from visiting(browser, process.port)
    next(starting, None)


def shot(page, name):
    """Keep a picture for whoever wants to look, where a folder for them is named."""
    folder = os.environ.get("LOOKALIKE_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def draw_a_one(page):
    box = page.locator("#canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"]
    page.mouse.move(x, y + 40)
    page.mouse.down()
    page.mouse.move(x, y + box["height"] - 40, steps=8)
    page.mouse.up()


def tabs(page):
    """The sections that are offered."""
    return page.locator("[role=tab]:visible").all_inner_texts()


def png(folder, image):
    path = folder / "picture.png"
    Image.fromarray(image).save(path)
    return path


# --- images that can be drawn, items, gallery and map: digits -------------------------


def test_a_drawn_digit_is_recognised_and_explained(visit):
    page = visit()
    draw_a_one(page)
    page.wait_for_selector("#hits .hit canvas")
    assert page.inner_text(".verdict .big") == "1"
    assert page.locator("#hits .hit").count() == 12
    assert page.locator("#hits .hit.votes").count() == 3
    assert page.locator(".bars .bar").count() == 10
    shot(page, "search-light")
    page.locator("#hits .hit").first.click()
    page.wait_for_selector("dialog[open] .pair canvas")
    assert "Place 1" in page.inner_text("#why-body")
    shot(page, "why")
    page.keyboard.press("Escape")
    page.click("#why-answer")
    page.wait_for_selector("dialog[open] li")
    assert "votes: known image" in page.inner_text("#why-body")
    page.keyboard.press("Escape")
    page.click("#clear")
    assert page.locator("#hits .hit").count() == 0


def test_one_of_the_gallery_finds_itself(visit):
    page = visit(color_scheme="dark")
    page.wait_for_selector("#gallery canvas")
    assert page.locator("#gallery button").count() == 24
    page.locator("#gallery button").nth(5).click()
    page.wait_for_selector("#hits .hit canvas")
    assert "0.00" in page.locator("#hits .hit").first.inner_text()
    dark = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(dark) == "rgb(16, 18, 24)"
    shot(page, "search-dark")
    page.click("#theme")
    assert page.evaluate(dark) == "rgb(245, 246, 249)"


def test_more_like_a_hit_are_found(visit):
    page = visit()
    draw_a_one(page)
    page.wait_for_selector("#hits .hit canvas")
    chosen = page.locator("#hits .hit").nth(4)
    item = chosen.get_attribute("aria-label").split(",")[0]
    chosen.click()
    page.click("dialog[open] #more")
    first = page.locator("#hits .hit").first
    expect(first).to_have_attribute("aria-label", re.compile(f"^{item},"))
    assert "0.00" in first.inner_text()


def test_a_bad_file_gets_the_services_sentence(visit, tmp_path, digits_data):
    page = visit(expected=("422",))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture at all")
    page.set_input_files("#file", bad)
    page.wait_for_selector("#status:not(:empty)")
    assert "not an image" in page.inner_text("#status")
    shot(page, "bad-file")
    page.set_input_files("#file", png(tmp_path, digits_data.x_train[0]))
    page.wait_for_selector("#hits .hit canvas")
    assert page.inner_text("#status") == ""


def test_a_picture_can_be_dropped_and_pasted(visit, digits_data):
    page = visit()
    page.wait_for_selector("#gallery canvas")
    event = """(kind) => new Promise((done) => {
      const canvas = document.querySelector('#gallery canvas');
      canvas.toBlob((blob) => {
        const data = new DataTransfer();
        data.items.add(new File([blob], 'a.png', { type: 'image/png' }));
        const made = kind === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
        document.querySelector(kind === 'drop' ? '#drop' : 'body').dispatchEvent(made);
        done();
      });
    })"""
    for kind in ("drop", "paste"):
        page.evaluate(event, kind)
        page.wait_for_selector("#hits .hit canvas")
        assert page.locator("#hits .hit").count() == 12
        page.click("#clear")


def test_the_map_shows_zooms_and_groups(visit):
    page = visit("#/digits/map")
    page.wait_for_selector("#legend button")
    assert page.locator("#legend button").count() == 10
    box = page.locator("#plot").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    ink = """() => { const c = document.getElementById('plot');
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"""
    assert page.evaluate(ink) > 500
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    page.click("#zoom-all")
    page.click("#lasso")
    page.mouse.move(middle[0] - 150, middle[1] - 150)
    page.mouse.down()
    for x, y in ((150, -150), (150, 150), (-150, 150)):
        page.mouse.move(middle[0] + x, middle[1] + y, steps=4)
    page.mouse.up()
    page.wait_for_selector("#group .hit canvas")
    assert "items inside" in page.inner_text("#map-note")
    shot(page, "map")


def test_quality_and_two_generations_are_shown(visit):
    page = visit("#/digits/quality")
    page.wait_for_selector("#compare table")
    assert page.locator(".confusion tr").count() == 11
    assert page.locator("#errors canvas").count() > 0
    assert "accuracy" in page.inner_text("#metrics")
    assert "raw pixels" in page.inner_text("#comparisons")
    assert "Item by item" in page.inner_text("#compare")
    shot(page, "quality")


def test_experiments_show_their_verdicts_intervals_and_steps(
    browser, visiting, start_server, digits_data
):
    port = start_server().port

    def post(path, **body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/{path}",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    image = {"pixels": digits_data.x_test[0].tolist()}
    metric = {"name": "milliseconds", "kind": "mean", "better": "down"}
    design = {"variants": ["old", "new"], "metrics": [metric], "planned_units": 100}
    of_two = {"key": "seeds", "system": "digits", "design": design}
    post("experiments", **of_two, generations={"old": "0001", "new": "0002"})
    for looks in (1, 2):
        for n in range(20):
            post("digits/search", image=image, user_id=f"u{looks} {n}")
        post("experiments/seeds/look")
    post("experiments/seeds/stop", reason="Enough was seen.")
    other = {"system": "digits", "generation": "0002"}
    post("experiments", key="next", kind="canary", **other)
    post("experiments", key="beside", kind="shadow", share=1.0, **other)
    for _ in range(3):
        post("digits/search", image=image)
    opening = visiting(browser, port)
    page = next(opening)("#/digits/experiments")
    page.wait_for_selector(".experiment")
    said = page.locator(".experiment").all_inner_texts()
    assert [text.split("\n")[0] for text in said] == ["beside", "next", "seeds"]
    assert page.locator(".intervals circle").count() == 2
    assert "difference over 2 looks" in page.get_attribute(".intervals", "aria-label")
    assert "of 3,000 requests" in said[1]
    page.click("summary >> nth=2")
    assert "Enough was seen." in page.locator(".experiment").nth(2).inner_text()
    assert page.evaluate(WIDE) <= 0
    assert page.evaluate(UNNAMED) == []
    shot(page, "experiments")
    next(opening, None)


def test_drift_alarms_and_the_loop_are_shown(
    browser, visiting, servers, small, tmp_path
):
    shutil.copytree(small("games").folder.parent, tmp_path / "games")
    starting = servers([tmp_path / "games"], tmp_path)
    port = next(starting)("--state", str(tmp_path / "state")).port
    rng = np.random.default_rng(0)
    of_lists = [rng.random(400), np.full(400, 10.0), np.zeros(400), np.zeros(400)]
    before = Watched(rng.normal(size=(400, 2)), *of_lists)
    after = Watched(rng.normal([1.5, 0], 1, size=(400, 2)), *of_lists)
    report, moved = compare_features(before, after, ["price", "age"], Budgeted(1, 24))
    about = {"run": "r", "system": "games", "details": {}}
    begun = {**about, "step": "begun", "reason": "Asked for over HTTP."}
    refused = {**about, "step": "refused", "reason": "Generation 0002 is worse."}
    url = f"sqlite:///{tmp_path}/state/lookalike.db"
    with closing(open_database(url)) as database, database.writing() as connection:
        keep_state(database, connection, "games", "0001", {"report": report})
        raise_alarms(connection, [Alarm("games", "0001", *each) for each in moved])
        add_step(connection, add_step(connection, None, begun), refused)
    opening = visiting(browser, port)
    page = next(opening)("#/games/quality", viewport={"width": 375, "height": 900})
    page.wait_for_selector("#drift svg")
    assert page.locator("#drift h3").all_inner_texts()[0] == "price"
    assert page.locator("#drift svg").count() == len(report["features"])
    assert "price from" in page.get_attribute("#drift svg", "aria-label")
    assert "price moved: population stability index" in page.inner_text("#alarms")
    page.click("#loop summary")
    assert "Asked for over HTTP." in page.inner_text("#loop")
    assert "refused. Generation 0002 is worse." in page.inner_text("#loop")
    assert page.evaluate(WIDE) <= 0
    assert page.evaluate(UNNAMED) == []
    page.locator("#drift").scroll_into_view_if_needed()
    shot(page, "drift")
    next(opening, None)
    next(starting, None)


def test_a_person_reviews_posts_with_the_keyboard_and_sees_them_masked(
    browser, visiting, servers, small, tmp_path
):
    shutil.copytree(small("harmful").folder.parent, tmp_path / "harmful")
    starting = servers([tmp_path / "harmful"], tmp_path)
    server = next(starting)("--state", str(tmp_path / "state"))
    url = f"http://127.0.0.1:{server.port}/v1/harmful"
    texts = ["здравствуйте вам", "quisling mephisto volare"]  # in no language of its
    posts = [{"id": f"post {n}", "text": text} for n, text in enumerate(texts)]
    with httpx2.Client() as client:
        told = client.post(f"{url}/review", json={"posts": posts}).json()["answers"]
        assert [each["waits"] for each in told] == [True, True]
        opening = visiting(browser, server.port)
        page = next(opening)("#/harmful/review", viewport={"width": 375, "height": 900})
        page.wait_for_selector("#review-text")
        assert "2 posts wait" in page.inner_text("#review-left")
        masked = page.inner_text("#review-text")
        assert masked not in texts
        assert "*" in masked
        page.keyboard.press("v")
        expect(page.locator("#review-post")).not_to_contain_text("Letters are left")
        first = page.inner_text("#review-text")
        assert first in texts
        assert page.evaluate(WIDE) <= 0
        assert page.evaluate(UNNAMED) == []
        shot(page, "review")
        page.check("#review-kinds input[value=insult]")
        page.locator("#review-post").focus()
        page.keyboard.press("r")
        expect(page.locator("#review-left")).to_contain_text("1 post waits")
        # A key while another decision is under way counts for nothing.
        with page.expect_response(lambda found: found.url.endswith("/review?n=1")):
            page.keyboard.press("s")
        page.click("#review-keep")
        expect(page.locator("#review-post")).to_contain_text("No post waits")
        table = client.get(f"{url}/review/labels").text.splitlines()
    assert table[0] == "text,language,any,insult,age"
    assert sorted(line.partition(",,")[2] for line in table[1:]) == ["0,0,0", "1,1,0"]
    assert f"{first},,1,1,0" in table
    next(opening, None)
    next(starting, None)


def test_live_counts_what_happens(visit):
    page = visit("#/digits/live")
    page.wait_for_selector(".tile")
    assert "requests a second" in page.inner_text("#tiles")
    shot(page, "live")


def test_a_narrow_screen_shows_everything_without_sideways_scrolling(visit, flaws):
    page = visit(viewport={"width": 375, "height": 740}, color_scheme="dark")
    draw_a_one(page)
    page.wait_for_selector("#hits .hit canvas")
    for name in ("ask", "map", "quality", "experiments", "live"):
        page.click(f"#tab-{name}")
        page.wait_for_timeout(300)
        assert page.evaluate(WIDE) <= 0, name
        assert flaws(page) == [], name
        shot(page, f"phone-{name}")


def test_the_keyboard_reaches_everything(visit):
    page = visit()
    page.wait_for_selector("#gallery canvas")
    page.focus("#tab-ask")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#map:not([hidden])")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#ask:not([hidden])")
    page.keyboard.press("Tab")  # from the heading on, as somebody without a mouse
    page.focus("#canvas")
    expect(page.locator(".pen")).to_be_visible()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    page.keyboard.down(" ")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.up(" ")
    page.wait_for_selector("#hits .hit canvas")
    page.focus("#hits .hit")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate(UNNAMED) == []


def test_the_interface_is_documented_from_here_alone(visit, flaws):
    page = visit("docs")
    page.wait_for_selector(".route")
    assert flaws(page) == []
    text = page.inner_text("#routes")
    assert "/v1/digits/search" in text
    assert "multipart/form-data" in text
    shot(page, "docs")


def test_a_key_is_asked_for_and_a_wrong_one_is_refused(
    browser, visiting, start_server, library
):
    server = start_server("--require-key")
    make = ["keys", "make", "the page", "--system", str(library.folder), "--json"]
    key = json.loads(CliRunner().invoke(app, make).stdout)["key"]
    visiting_it = visiting(browser, server.port)
    page = next(visiting_it)(expected=("401",))
    page.fill("#ask-key[open] #key", "lk_of_another_service")
    page.keyboard.press("Enter")
    page.wait_for_selector("#status:not(:empty)")
    assert page.locator("#gallery").count() == 0
    page.click("#tab-live")
    page.fill("#ask-key[open] #key", key)
    page.keyboard.press("Enter")
    page.wait_for_selector("#gallery canvas")
    assert page.inner_text("#status") == ""
    page.reload()  # the window keeps it
    page.wait_for_selector("#gallery canvas")
    next(visiting_it, None)


# --- many systems ---------------------------------------------------------------------


def test_a_service_of_one_system_offers_no_choice(visit):
    page = visit()
    page.wait_for_selector("#gallery canvas")
    assert not page.is_visible("#system")
    assert "digits · generation 0001" in page.inner_text("#generation")


def test_systems_are_switched_and_the_address_names_the_chosen_one(visit_many):
    page = visit_many()
    page.wait_for_selector("#gallery canvas")
    names = page.locator("#system option").all_inner_texts()
    assert names[:3] == ["digits", "places", "textures"]
    assert tabs(page) == ["Try it", "Map", "Quality", "Experiments", "Live"]
    draw_a_one(page)
    page.wait_for_selector(".verdict .big")
    page.select_option("#system", "games")
    page.wait_for_selector("#some button")
    assert page.url.endswith("#/games/ask")
    assert "games · generation 0001" in page.inner_text("#generation")
    assert tabs(page) == ["Try it", "Quality", "Experiments", "Live"]
    page.click("#tab-quality")
    page.wait_for_selector("#metrics table")
    page.select_option("#system", "places")
    expect(page).to_have_title("lookalike: places")
    assert page.url.endswith("#/places/quality")
    page.go_back()
    page.go_back()
    page.go_back()
    page.wait_for_selector(".verdict .big")  # as it was left
    assert page.inner_text(".verdict .big") == "1"
    other = visit_many("#/places/map")  # which has no map
    other.wait_for_selector("#text")
    assert other.input_value("#system") == "places"
    nowhere = visit_many("#/nothing/of-this-name")
    nowhere.wait_for_selector("#gallery canvas")
    assert nowhere.input_value("#system") == "digits"


def test_the_skip_link_leads_to_the_content_and_stays_with_the_system(visit_many):
    page = visit_many("#/games/ask")
    page.wait_for_selector("#some button")
    page.focus(".skip")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    assert page.input_value("#system") == "games"
    assert page.is_visible("#user")


NARROW = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
BROAD = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}


@pytest.mark.parametrize(
    ("name", "screen"),
    [
        *((name, NARROW) for name in ("places", "textures", "games", "people")),
        *((name, BROAD) for name in ("images", "documents", "typeahead", "ads")),
    ],
)
def test_every_section_of_every_system_is_whole(visit_many, flaws, name, screen):
    """Nothing is broken, nameless or too wide, or hinders anybody from its use."""
    page = visit_many(f"#/{name}/ask", **screen)
    page.wait_for_selector("#ask .card")
    assert page.inner_text("#title")
    for tab in ("ask", "quality", "experiments", "live"):
        page.click(f"#tab-{tab}")
        page.wait_for_selector(f"#{tab} .card:visible")
        if tab == "quality":
            page.wait_for_selector("#compare p")
            assert page.locator("#metrics tr").count() > 2
            empty = (
                "[...document.querySelectorAll('.card')].filter((c) => !c.innerText)"
            )
            assert page.evaluate(f"{empty}.length") == 0
            assert page.locator("#confusion").count() == 0
        assert page.evaluate(WIDE) <= 0, tab
        assert page.evaluate(UNNAMED) == []
        assert flaws(page) == [], tab
        assert page.inner_text("#status") == ""
        shot(page, f"{name}-{tab}")


def test_found_parts_are_marked_in_a_text(visit_many):
    page = visit_many("#/places/ask")
    page.wait_for_selector("#text")
    assert page.input_value("#text") == "I live in Kutaisi"
    page.fill("#text", "🎲 we moved to Delhi last year.\nGreetings from Lyon !")
    page.click("#go")
    page.wait_for_selector("mark")
    assert page.locator("mark").all_inner_texts() == ["Delhi", "Lyon"]
    whole = "🎲 we moved to Delhi last year.\nGreetings from Lyon !"
    assert page.locator(".marked").text_content() == whole
    assert "characters 14 to 19" in page.inner_text("#found")
    shot(page, "places")
    page.click("#why-answer")
    page.wait_for_selector("dialog[open] li")
    assert "part of a location" in page.inner_text("#why-body")
    page.keyboard.press("Escape")
    page.fill("#text", "no soup today !")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#said .quiet")
    assert "Nothing was found" in page.inner_text("#said")
    assert page.locator("mark").count() == 0


def test_a_text_that_is_refused_gets_a_sentence(visit_many):
    page = visit_many("#/places/ask", expected=("422",))
    page.fill("#text", "   ")
    page.click("#go")
    page.wait_for_selector("#status:not(:empty)")
    page.fill("#text", "in Oslo")
    page.click("#go")
    page.wait_for_selector("mark")
    assert page.inner_text("#status") == ""


def test_a_misspelt_text_is_asked_again_and_further_pages_follow(visit_many):
    page = visit_many("#/documents/ask")
    page.wait_for_selector("#text")
    page.fill("#text", "wime on the brigde")
    page.click("#go")
    meant = page.locator("#meant button")
    expect(meant).to_have_text("wine on the bridge")
    meant.click()
    expect(page.locator("#text")).to_have_value("wine on the bridge")
    expect(page.locator("#meant button")).to_have_count(0)
    hits, more = page.locator("#hits li"), page.locator("#more button")
    expect(hits).to_have_count(10)
    for n in range(20, 70, 10):
        more.click()
        expect(hits).to_have_count(n)
    more.click()  # nobody knew that these were all
    expect(more).to_have_count(0)
    assert hits.locator("mark").count() > 10
    page.fill("#text", "opera")
    page.click("#go")
    expect(page.locator("#hits li b").first).to_be_visible()
    assert page.inner_text("#status") == ""
    shot(page, "documents")


def test_a_query_is_completed_and_chosen_with_the_keyboard(visit_many, small):
    [expected] = small("typeahead").system.suggest_each(["we"], 8)
    names = [each.query for each in expected]
    assert len(names) > 3
    page = visit_many("#/typeahead/ask")
    box, options = page.locator("#typed"), page.locator("#suggestions [role=option]")
    page.focus("#typed")
    page.keyboard.type("we")
    expect(options).to_have_count(len(names))
    shown = page.locator("#suggestions span").all_inner_texts()
    assert shown == names
    assert page.locator("#suggestions b").first.inner_text() == names[0][2:]
    expect(box).to_have_attribute("aria-expanded", "true")
    for key, at in (("Down", 0), ("Down", 1), ("Up", 0), ("Up", -1), ("Up", -2)):
        page.keyboard.press(f"Arrow{key}")
        value = "we" if at == -1 else names[-1] if at == -2 else names[at]
        expect(box).to_have_value(value)
        active = page.locator("#suggestions [aria-selected=true]")
        if at == -1:
            assert box.get_attribute("aria-activedescendant") is None
        else:
            named = box.get_attribute("aria-activedescendant")
            assert active.get_attribute("id") == named
            assert active.locator("span").inner_text() == value
    shot(page, "typeahead")
    page.keyboard.press("Escape")
    expect(box).to_have_value("we")
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(options).to_have_count(len(names))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#said .asked")).to_have_text(names[0])
    expect(page.locator("#suggestions")).to_be_hidden()
    page.click("#why-answer")
    page.wait_for_selector("dialog[open] li")
    assert "people asked it" in page.inner_text("#why-body")
    page.keyboard.press("Escape")
    page.fill("#typed", "zzzzzzzzz")
    expect(page.locator("#told")).to_have_text("No suggestions")
    page.fill("#typed", "wea")
    options.nth(1).click()
    expect(page.locator("#said")).to_contain_text("Suggestion 2 for “wea”")
    page.focus("#typed")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")


def test_games_are_recommended_with_reasons(visit_many, small):
    system = small("games").system
    page = visit_many("#/games/ask")
    page.wait_for_selector("#some button")
    assert page.locator("#some button").count() == 12
    page.locator("#some button").nth(1).click()
    page.wait_for_selector(".lines li")
    user = page.input_value("#user")
    assert user in system.known_users.tolist()
    [expected] = system.recommend_each([user], 10)
    assert page.locator(".lines b").all_inner_texts() == expected.titles
    assert page.locator(".lines .quiet").all_inner_texts() == expected.reasons
    shot(page, "games")
    page.locator(".lines button:not(.without)").nth(2).click()
    page.wait_for_selector("dialog[open] summary")
    assert "Place 3, score" in page.inner_text("#why-body")
    assert expected.reasons[2] in page.inner_text("#why-body")
    page.click("summary")
    assert page.locator("dialog td").count() == len(system.feature_names)
    shot(page, "games-why")
    page.keyboard.press("Escape")
    page.click("#why-answer")
    page.wait_for_selector("dialog[open] li")
    assert expected.titles[0] in page.inner_text("#why-body")


def test_the_places_of_a_page_are_sold(visit_many, small):
    system = small("ads").system
    page = visit_many("#/ads/ask", viewport={"width": 375, "height": 900})
    page.fill("#user", "u3")
    page.select_option("#auction-kind", "vcg")
    page.fill("#auction-places", "2")
    page.click("#auction button")
    page.wait_for_selector("#sold table")
    sale = system.run_auction("u3", k=2, kind="vcg")
    cells = page.locator("#sold tr:nth-child(n + 2) td:nth-child(2)")
    assert cells.all_inner_texts() == [place["id"] for place in sale.places]
    prices = page.locator("#sold tr:nth-child(n + 2) td:nth-child(6)")
    expected = [place["price"] for place in sale.places]
    assert [float(each) for each in prices.all_inner_texts()] == pytest.approx(
        expected, abs=5e-4
    )
    assert page.evaluate(WIDE) <= 0
    assert page.evaluate(UNNAMED) == []
    shot(page, "auction")
    page.fill("#auction-reserve", "1000000")
    page.click("#auction button")
    expect(page.locator("#sold")).to_contain_text("No ad may be shown")


def test_a_feed_goes_on_and_follows_what_is_liked_and_hidden(visit_feed):
    page = visit_feed("#/feed/ask", viewport={"width": 375, "height": 900})
    page.fill("#user", "u3")
    page.click("#open-feed")
    expect(page.locator(".post")).to_have_count(8)
    first = page.locator(".post b").all_inner_texts()
    shot(page, "feed")
    page.evaluate("document.querySelector('#feed').scrollTo(0, 1e6)")
    expect(page.locator(".post")).to_have_count(16)
    likes = page.locator(".post .like")
    names = [each.get_attribute("aria-label") for each in likes.all()]
    assert len(set(names)) == 16
    likes.first.click()
    expect(likes.first).to_have_attribute("aria-pressed", "true")
    page.locator(".post .hide").nth(1).click()
    expect(page.locator(".post")).to_have_count(15)
    page.click("#open-feed")  # what was shown does not come again
    expect(page.locator(".post").first).to_be_visible()
    again = page.locator(".post .like")
    more = [each.get_attribute("aria-label") for each in again.all()]
    assert not set(more) & set(names)
    assert first
    assert page.evaluate(WIDE) <= 0
    assert page.evaluate(UNNAMED) == []


def test_other_weights_of_a_feed_are_tried_before_they_answer(visit_feed, small):
    system = small("feed").system
    page = visit_feed("#/feed/ask", expected=("422",))
    page.fill("#weight-like", "0")
    page.click("#weights button")
    page.wait_for_selector("#previewed table")
    found = system.preview_weights({**system.weights_, "like": 0.0})
    heads = page.locator("#previewed table").first.locator("tr:nth-child(n + 2)")
    assert heads.count() == len(found.heads)
    told = heads.first.locator("td").all_inner_texts()
    name, (now, change, _) = next(iter(found.heads.items()))
    assert told[0] == name
    assert float(told[1]) == pytest.approx(now, abs=6e-4)
    assert float(told[2]) == pytest.approx(change, abs=6e-4)
    shot(page, "feed-weights")
    page.fill("#weight-like", "1e9")
    page.click("#weights button")
    expect(page.locator("#status")).to_contain_text("The weight of like must be")


def test_a_user_is_typed_and_one_who_is_not_known_is_said_to_be_so(visit_many, small):
    known = small("people").system.known_users.tolist()
    page = visit_many("#/people/ask")
    page.fill("#user", "p17")
    page.wait_for_selector("#users option[value='p170']", state="attached")
    offered = page.locator("#users option")
    values = [each.get_attribute("value") for each in offered.all()]
    assert values == [name for name in known if name.startswith("p17")]
    page.keyboard.press("Enter")
    page.wait_for_selector(".lines li")
    assert page.locator(".lines li").count() == 10
    assert "shared friend" in page.inner_text(".lines")
    page.select_option("#k", "5")
    expect(page.locator(".lines li")).to_have_count(5)
    page.fill("#user", "a stranger 🙂")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Nothing is known of “a stranger 🙂”.")
    assert page.locator(".lines li").count() == 5
    assert page.locator("#why-answer").count() == 0  # it would be refused
    shot(page, "stranger")


def test_a_texture_is_uploaded_and_recognised(visit_many, small, tmp_path):
    data = small("textures").data
    page = visit_many("#/textures/ask")
    page.wait_for_selector("#drop")
    assert page.locator("#gallery").count() == 0
    assert page.locator("#hits").count() == 0
    assert page.get_attribute("#canvas", "tabindex") is None  # it cannot be drawn
    page.set_input_files("#file", png(tmp_path, data.pictures[2][-90:, -80:]))
    page.wait_for_selector(".verdict .big")
    assert page.inner_text(".verdict .big") == data.labels[2]
    assert page.locator(".bars .bar").count() == 3
    assert "probability" not in page.inner_text("#said")  # the bars say it
    shot(page, "textures")
    page.click("#why-answer")
    page.wait_for_selector("dialog[open] li")
    assert "of the patches are" in page.inner_text("#why-body")


def test_a_face_is_recognised_and_a_stranger_is_called_one(visit_many, small, tmp_path):
    made = small("faces")
    page = visit_many("#/faces/ask")
    page.set_input_files("#file", png(tmp_path, made.data.images[0]))
    page.wait_for_selector(".verdict .big")
    [[expected]] = made.system.classify_each(made.data.images[:1])
    assert expected.label is not None
    assert page.inner_text(".verdict .big") == expected.label
    assert f"similarity {expected.similarity:.3f}" in page.inner_text("#said")
    noise = np.random.default_rng(0).integers(0, 256, (112, 92)).astype(np.uint8)
    [[stranger]] = made.system.classify_each(noise[None])
    assert stranger.stranger
    page.set_input_files("#file", png(tmp_path, noise))
    expect(page.locator(".verdict .big")).to_have_text("stranger")
    assert f"most alike {stranger.most_alike}" in page.inner_text("#said")


def test_faces_of_a_photograph_are_framed_or_said_to_be_none(visit_many, tmp_path):
    page = visit_many("#/emotions/ask")
    page.set_input_files("#file", png(tmp_path, photographs.astronaut()))
    page.wait_for_selector(".verdict .big")
    assert page.inner_text(".verdict .big") in ("face", "other")
    assert "face" in page.inner_text(".fact")
    red = """() => { const c = document.getElementById('canvas');
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      let n = 0; for (let i = 0; i < d.length; i += 4)
        n += d[i] === 224 && d[i + 1] === 47 && d[i + 2] === 91; return n; }"""
    assert page.evaluate(red) > 100
    shot(page, "emotions")
    page.set_input_files("#file", png(tmp_path, np.full((200, 200), 128, np.uint8)))
    expect(page.locator("#said")).to_contain_text("Nothing was found.")
    assert page.evaluate(red) == 0


def test_images_are_searched_by_one_of_them(visit_many):
    page = visit_many("#/images/ask")
    page.wait_for_selector("#gallery canvas")
    page.locator("#gallery button").nth(5).click()
    page.wait_for_selector("#hits .hit canvas")
    assert page.locator("#hits .hit").count() == 12
    assert "What it is" not in page.inner_text("#ask")  # it names nothing
    shot(page, "images")
    with page.expect_response("**/v1/events"):
        page.locator("#hits .hit").nth(1).click()
    assert "Place 2, similarity" in page.inner_text("dialog[open] #why-body")
    page.keyboard.press("Escape")
    live = page.request.get(page.url.partition("#")[0] + "v1/live")
    assert live.json()["events"] == 1  # a look at a result is a click


# --- a clip, frame by frame: jaywalking -----------------------------------------------


@pytest.fixture(scope="module")
def street(tmp_path_factory, small, servers):
    """A service of jaywalking alone."""
    folder = tmp_path_factory.mktemp("street")
    starting = servers([small("jaywalking").folder.parent], folder)
    yield next(starting)("--state", str(folder / "state"))
    next(starting, None)


@pytest.fixture
def visit_street(browser, visiting, street):
    """Open the page of jaywalking."""
    yield from visiting(browser, street.port)


def test_a_clip_is_followed_drawn_and_played(visit_street):
    page = visit_street()
    page.click("#go")
    expect(page.locator("#told")).to_contain_text("Frame 59: 2 people are judged")
    expect(page.locator("#play")).to_be_enabled()
    drawn = """id => new Set(document.getElementById(id).getContext('2d')
      .getImageData(0, 0, 960, 540).data).size"""
    assert page.evaluate(drawn, "street") > 10
    assert page.evaluate(drawn, "risks") > 10
    page.locator("#frame").fill("5")
    expect(page.locator("#told")).to_contain_text("Frame 5: 0 people are judged, 2")
    page.click("#play")
    expect(page.locator("#told")).to_contain_text("Frame 59")
    page.click("#why-answer")
    expect(page.locator("#why-body")).to_contain_text("nobody is meant to cross here")
    page.keyboard.press("Escape")
    shot(page, "jaywalking")


def test_frames_that_are_refused_are_told_and_the_others_are_drawn(visit_street):
    page = visit_street(expected=("422",))
    clip = json.loads(page.input_value("#text"))
    clip["frames"][3]["boxes"] = [[0, 0, 0, 0]]
    page.fill("#text", json.dumps(clip))
    page.click("#go")
    expect(page.locator("#told")).to_contain_text("Frame 59: 2 people are judged")
    expect(page.locator("#status")).to_contain_text("1 frames were refused. Frame 3:")
    clip["frames"][3] = {}  # without boxes
    page.fill("#text", json.dumps(clip))
    page.click("#go")
    expect(page.locator("#told")).to_contain_text("Frame 59: 2 people are judged")
    for empty in ("null", "7", '{"width": 1280, "height": 720}'):
        page.fill("#text", empty)
        page.click("#go")
        expect(page.locator("#status")).to_contain_text("A clip is an object with")
    page.fill("#text", "no clip")
    page.click("#go")
    expect(page.locator("#status")).to_have_text("The clip is no JSON.")


# --- videos: words in, the right second out -------------------------------------------


@pytest.fixture(scope="module")
def cinema(tmp_path_factory, servers):
    """A service of video search alone, over two short clips."""
    pytest.importorskip("av")
    from lookalike.core.library import Library
    from lookalike.datasets import load_videos
    from lookalike.systems.videos.system import VideoSearch

    folder = tmp_path_factory.mktemp("cinema")
    (folder / "films").mkdir()
    clip = run_path(str(FEATURES / "video" / "small_clips.py"))["write_clip"]
    films = folder / "films"
    clip(films / "night.webm", levels=[20] * 10 + [90] * 10, name="libvpx")
    clip(films / "noon.webm", levels=[160] * 10 + [240] * 10, name="libvpx")
    library = Library("videos", folder / "videos")
    library.add(VideoSearch().fit(load_videos(films)).save)
    starting = servers([library.folder], folder)
    yield next(starting)("--state", str(folder / "state"))
    next(starting, None)


@pytest.fixture
def visit_cinema(browser, visiting, cinema):
    """Open the page of videos."""
    yield from visiting(browser, cinema.port)


def until(holds, seconds=20.0):
    """Wait until something holds; the page's own policy forbids to wait inside it."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.05)


def test_a_video_is_found_played_from_its_second_and_clicked(visit_cinema, tmp_path):
    page = visit_cinema()
    page.fill("#words", "noon")
    page.click("#look")
    expect(page.locator("#hits .video")).to_have_count(1)
    picture = tmp_path / "bright.png"
    Image.fromarray(np.full((48, 64, 3), 240, np.uint8)).save(picture)
    page.set_input_files("#file", picture)
    expect(page.locator("#hits .video")).to_have_count(2)  # the words found one
    first = page.locator("#hits .video").first
    expect(first).to_contain_text("noon")
    expect(first).to_contain_text("0:0")
    first.click()
    player = page.locator("#stage video")
    until(
        lambda: player.evaluate("video => video.currentTime") > 0.5
    )  # the bright half
    begin = player.evaluate("video => video.currentTime")
    frames = page.locator("#stage .strip button")
    expect(frames).to_have_count(8)
    assert 0 < page.locator("#stage .strip .inside").count() < 8
    frames.first.click()
    until(lambda: player.evaluate("video => video.currentTime") < begin)
    live = page.request.get(page.url.partition("#")[0] + "v1/live")
    assert live.json()["events"] == 1  # a play is a click
    page.click("#why-answer")
    expect(page.locator("#why-body")).to_contain_text("pixels spoke loudest")
    page.keyboard.press("Escape")
    shot(page, "videos")
