"""The page in use: photographs, phones, slow answers, refusals, swaps, emptied folders.

One service of digits and of an album of photographs answers all of it.
"""

import json
import re
import shutil
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs
from typer.testing import CliRunner

import lookalike.service
from lookalike.cli.app import app
from lookalike.core.library import Library

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
PHONE = {"width": 390, "height": 844}
SHAPES = ((360, 120), (120, 360), (240, 240))
OF = ("astronaut", "coffee", "chelsea", "rocket")


class Album:
    """Photographs in a folder, and the service in which they are searched."""

    def __init__(self, folder, digits, starting):
        self.photographs = folder / "a private place" / "pictures"
        self.library = folder / "images"
        made = Library("digits", folder / "digits")
        for _ in range(2):
            made.add(lambda place: shutil.copytree(digits, place, dirs_exist_ok=True))
        made.activate("0001")
        for name in OF:
            whole = Image.fromarray(getattr(photographs, name)())
            for n, shape in enumerate(SHAPES):
                file = self.photographs / f"of {n}" / f"{name}.jpg"
                file.parent.mkdir(parents=True, exist_ok=True)
                left, top = 20 * n, 10 * n
                box = (left, top, left + shape[0], top + shape[1])
                whole.crop(box).save(file, quality=90)
        self.index()
        often = {"LOOKALIKE_REFRESH": "0.3"}
        state = ("--state", str(self.library / "service"))
        self.start = lambda: starting(*state, env=often)
        self.server = self.start()

    def index(self, *options):
        add = ["index", "add", str(self.photographs), "--folder", str(self.library)]
        done = CliRunner().invoke(app, [*add, *options])
        assert done.exit_code == 0, done.output

    def ask(self, path, body=None, kind="application/json"):
        """Return what the service answers."""
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.server.port}/v1/{path}",
            sent,
            {"content-type": kind},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def album(tmp_path_factory, small, servers):
    folder = tmp_path_factory.mktemp("album")
    starting = servers([folder / "digits", folder / "images"], folder)
    yield Album(folder, small("digits").folder, next(starting))
    next(starting, None)


@pytest.fixture
def visit(browser, visiting, album):
    """Open the page of digits and the album."""
    yield from visiting(browser, album.server.port)


def opened(visit, hash, **options):
    page = visit(hash, **options)
    page.wait_for_selector("#gallery canvas")
    return page


def ids(page):
    page.wait_for_selector("#hits .hit canvas")
    names = [each.get_attribute("aria-label") for each in page.locator(".hit").all()]
    return [re.match(r"Item (\S+),", name).group(1) for name in names]


def scribble(page):
    box = page.locator("#canvas").bounding_box()
    places = np.array([(5, 1), (2, 2), (8, 3), (3, 8), (7, 9), (2, 5), (9, 6), (5, 1)])
    corners = (box["x"], box["y"]) + places * box["width"] / 10
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def test_more_like_a_photograph_is_found_by_its_file_not_by_its_small_picture(
    visit, album, shot
):
    known, _ = album.ask("images/gallery?n=24").values()
    files = sorted(album.photographs.glob("*/*.jpg"))
    assert len(known) == len(files) == len(OF) * len(SHAPES)
    page = opened(visit, "#/images/ask")
    for at in (0, 4, 8):  # wide, high and square ones
        with page.expect_request("**/v1/images/similar") as sent:
            page.locator("#gallery button").nth(at).click()
        assert json.loads(sent.value.post_data) == {"id": known[at], "k": 12}
        expect(page.locator("#said")).to_have_text(f"More like item {known[at]}.")
        found = ids(page)
        path = "images/search?k=12"
        whole = album.ask(path, files[at].read_bytes(), "image/jpeg")
        hits = [hit["id"] for hit in whole["answers"][0]["hits"]]
        assert hits[0] == known[at]  # its file finds it
        assert found == hits[1:]
    shot(page, "album")
    page.locator("#hits .hit").first.click()
    page.click("dialog[open] #more")
    expect(page.locator("#said")).to_have_text(f"More like item {found[0]}.")


def test_the_address_says_what_was_asked_and_leads_back_to_it(visit):
    page = opened(visit, "#/images/ask")
    page.locator("#gallery button").nth(2).click()
    first = ids(page)
    page.select_option("#k", "6")
    expect(page.locator("#hits .hit")).to_have_count(6)
    address = page.url.partition("/#")[2]
    assert re.fullmatch(r"/images/ask\?id=\d+&k=6", address)
    page.click("#tab-live")
    page.click("#tab-ask")
    assert page.url.endswith(address)  # as it was left
    other = opened(visit, f"#{address}")
    assert ids(other) == first[:6]
    assert other.input_value("#k") == "6"
    page.locator("#gallery button").nth(3).click()
    expect(page.locator("#said")).not_to_contain_text(re.search(r"\d+", address)[0])
    page.go_back()
    assert ids(page) == first[:6]


def test_an_answer_has_one_state_and_votes_are_called_votes(visit, tmp_path, shot):
    page = opened(visit, "#/digits/ask", expected=("422",))
    answer, said = page.locator(".answer"), page.locator("#said")
    expect(answer).to_have_attribute("data-state", "empty")
    page.locator("#gallery button").nth(3).click()
    expect(answer).to_have_attribute("data-state", "answered")
    expect(said).to_contain_text("3 of 3 votes")
    assert "%" not in said.inner_text()
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture at all")
    page.set_input_files("#file", bad)
    expect(answer).to_have_attribute("data-state", "refused")
    expect(said).to_contain_text("not an image")
    assert page.locator(".verdict, #hits .hit").count() == 0
    Image.fromarray(photographs.astronaut()).save(bad)
    page.set_input_files("#file", bad)
    expect(said).to_contain_text("nothing stands out")
    assert "alike" not in said.inner_text()
    scribble(page)
    expect(answer).to_have_attribute("data-state", "unlike")
    expect(said).to_contain_text("Unlike anything known")
    assert page.locator(".big").count() == 0
    expect(page.locator("#other")).to_contain_text("or else")
    spoken = page.locator("#spoken")
    expect(spoken).to_have_text("It is unlike anything known. 12 items look like it.")
    shot(page, "unlike")


def test_a_large_photograph_goes_up_small_once_and_with_a_sign(visit, tmp_path):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (300, 400, 3)).astype(np.uint8))
    large = tmp_path / "large.jpg"
    small.resize((4000, 3000)).save(large, quality=92)
    page = opened(visit, "#/images/ask")
    held = []
    page.route("**/v1/images/search?*", lambda route: held.append(route))
    signs = "document.body.classList.contains('working')"
    with page.expect_request("**/v1/images/search?*") as sent:
        page.set_input_files("#file", large)
    page.wait_for_function(f"() => {signs}")
    expect(page.locator(".answer")).to_have_attribute("data-state", "working")
    [route] = held
    assert sent.value.headers["content-type"] == "image/jpeg"
    route.continue_()
    assert len(ids(page)) == 12
    assert sent.value.sizes()["requestBodySize"] < large.stat().st_size / 4
    assert not page.evaluate(signs)
    assert len(held) == 1
    page.unroute("**/v1/images/search?*")


def test_a_service_that_is_gone_is_said_to_be(visit):
    page = opened(visit, "#/images/ask", expected=("ERR_FAILED",))
    page.route("**/v1/images/similar", lambda route: route.abort())
    page.locator("#gallery button").first.click()
    expect(page.locator("#said")).to_have_text("The service does not answer.")
    page.unroute("**/v1/images/similar")
    page.locator("#gallery button").first.click()
    assert len(ids(page)) == 11


def test_on_a_phone_the_answer_is_seen_and_the_map_can_be_touched(visit, shot):
    page = opened(visit, "#/digits/ask", viewport=PHONE, color_scheme="dark")
    page.locator("#gallery button").nth(3).click()
    page.wait_for_selector("#hits .hit canvas")
    expect(page.locator(".verdict .big")).to_be_in_viewport()
    shot(page, "phone-answer")
    page.click("#tab-map")
    page.wait_for_selector("#legend button")
    extent = """() => { const c = document.getElementById('plot');
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      const x = []; for (let i = 3; i < d.length; i += 4)
        if (d[i]) x.push(((i - 3) / 4) % c.width);
      return [Math.min(...x) / c.width, Math.max(...x) / c.width, x.length]; }"""
    left, right, ink = page.evaluate(extent)
    assert left > 0.01  # the whole catalogue is inside
    assert right < 0.99
    box = page.locator("#plot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *places):
        points = [{"x": px, "y": py, "id": n} for n, (px, py) in enumerate(places)]
        sent = {"type": kind, "touchPoints": points}
        touch.send("Input.dispatchTouchEvent", sent)

    fingers("touchStart", (x - 20, y))
    fingers("touchStart", (x - 20, y), (x + 20, y))
    for apart in (30, 50, 80):
        fingers("touchMove", (x - apart, y), (x + apart, y))
    fingers("touchEnd")
    page.wait_for_timeout(100)
    assert page.evaluate(extent)[2] != ink  # it was pinched
    page.click("#zoom-all")
    for step in range(0, 120, 12):  # somewhere near the middle there is a point
        fingers("touchStart", (x + step, y))
        fingers("touchEnd")
        page.wait_for_timeout(100)
        if page.is_visible(".tip .like-this"):
            break
    shot(page, "phone-map")
    named = re.search(r"item (\d+)", page.inner_text(".tip"))[1]
    page.click(".tip .like-this")
    page.wait_for_selector("#hits .hit canvas")
    assert page.url.endswith(f"#/digits/ask?id={named}")
    assert ids(page)[0] == named


def test_what_is_shown_says_its_generation_and_follows_it(visit, album, shot):
    page = visit("#/digits/quality")
    expect(page.locator("#metrics")).to_contain_text("Generation 0001")
    page.click("#tab-map")
    expect(page.locator("#map-note")).to_contain_text("generation 0001")
    album.ask("digits/generations/activate", {"name": "0002"})
    expect(page.locator("#map-note")).to_contain_text("generation 0002")
    expect(page.locator("#generation")).to_contain_text("0002")
    page.click("#tab-quality")
    expect(page.locator("#metrics")).to_contain_text("Generation 0002")
    with page.expect_request("**/v1/digits/quality"):  # its numbers are read again
        album.ask("digits/generations/rollback", {})
    expect(page.locator("#metrics")).to_contain_text("Generation 0001")


def test_a_cell_of_the_confusion_matrix_shows_its_mistakes(visit):
    page = visit("#/digits/quality")
    cell = page.locator(".confusion td button").first
    said = re.match(
        r"(\d+) times (\d) was taken for (\d)", cell.get_attribute("aria-label")
    )
    n, truth, predicted = said.groups()
    cell.click()
    expect(page.locator("#errors-note")).to_contain_text(
        f"{n} times {truth} was taken for {predicted}"
    )
    pictures = page.locator("#errors .hit")
    assert pictures.count() == int(n)
    pictures.first.click()
    page.wait_for_selector("#hits .hit canvas")
    expect(page.locator(".verdict .big, .unlike")).to_contain_text(predicted)


def test_names_of_pictures_are_without_the_folders_of_the_server(visit, album):
    page = opened(visit, "#/images/ask")
    page.locator("#gallery button").first.click()
    found = ids(page)
    private = "a private place"
    assert private not in page.content()
    title = page.locator("#hits .hit").first.get_attribute("title")
    assert re.fullmatch(r"of \d/[a-z]+\.jpg", title)
    file = next(album.photographs.glob("*/*.jpg")).read_bytes()
    for path in ("search", "explain"):
        told = album.ask(f"images/{path}", file, "image/jpeg")
        assert private not in json.dumps(told)
    told = album.ask("images/similar", {"id": found[0]})
    assert private not in json.dumps(told)


def test_a_folder_that_was_emptied_is_emptied_and_says_how_it_is_filled(
    visit, album, shot
):
    page = opened(visit, "#/images/ask")
    away = album.photographs.parent / "away"
    album.photographs.rename(away)
    album.photographs.mkdir()
    album.index("--allow-empty")
    try:
        page.wait_for_timeout(700)
        page.reload()
        expect(page.locator("#nothing-yet")).to_contain_text("lookalike index add")
        assert page.locator("#gallery button").count() == 0
        shot(page, "emptied")
        album.server.terminate()
        album.server.wait()
        album.server = album.start()  # it starts without any picture
        assert album.ask("images/gallery") == {"ids": [], "labels": []}
    finally:
        album.photographs.rmdir()
        away.rename(album.photographs)
        album.index()


def test_without_scripts_the_page_says_where_its_contents_are(browser, album):
    context = browser.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{album.server.port}/")
    assert "scripts are off" in page.inner_text("noscript")
    assert page.get_attribute("noscript a", "href") == "v1/systems"
    context.close()


def test_what_is_chosen_is_seen_in_forced_colours(visit):
    page = visit("#/digits/ask")
    page.emulate_media(forced_colors="active")
    outline = "e => getComputedStyle(e).outlineStyle"
    assert page.locator("#tab-ask").evaluate(outline) == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate(outline) == "solid"
    page.emulate_media(forced_colors="none")


def test_every_module_is_asked_for_at_once_not_one_after_the_other():
    page = Path(lookalike.service.__file__).parent / "page"
    index = (page / "index.html").read_text()
    named = re.findall(r'rel="modulepreload" href="page/(\w+\.js)"', index)
    needed, left = set(), ["main.js", "image.js"]
    while left:
        needed.add(one := left.pop())
        imported = re.findall(r'from "\./(\w+\.js)"', (page / one).read_text())
        left += set(imported) - needed
    assert sorted(named) == sorted(needed - {"main.js"})
