"""The page in a real browser: drawn on, dropped on, read in the dark and on a phone."""

import os
import shutil
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("There is no Chromium here (apt-get install chromium).")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, one_server):
    """Open the page; in the end nothing went wrong, and nothing came from afar."""
    contexts, wrong, asked = [], [], []

    def open_page(hash="", expected=(), **options):
        options = {"viewport": {"width": 1000, "height": 800}} | options
        context = browser.new_context(**options)
        contexts.append((context, expected))
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console", lambda m: wrong.append(m.text) if m.type == "error" else None
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{one_server.port}/{hash}")
        return page

    yield open_page
    allowed = [word for _, expected in contexts for word in expected]
    for context, _ in contexts:
        context.close()
    assert [w for w in wrong if not any(word in w for word in allowed)] == []
    here = (f"http://127.0.0.1:{one_server.port}/", "data:", "blob:")
    assert [url for url in asked if not url.startswith(here)] == []


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


def test_a_drawn_digit_is_recognised_and_explained(visit):
    page = visit()
    draw_a_one(page)
    page.wait_for_selector("#hits .hit canvas")
    assert page.inner_text(".verdict .big") == "1"
    assert page.locator("#hits .hit").count() == 12
    assert page.locator(".bars .bar").count() == 10
    shot(page, "search-light")
    page.locator("#hits .hit").first.click()
    page.wait_for_selector("dialog[open] .pair canvas")
    assert "Place 1" in page.inner_text("#why-body")
    shot(page, "why")
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


def test_a_bad_file_gets_the_services_sentence(visit, tmp_path, digits_data):
    from PIL import Image

    page = visit(expected=("422",))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture at all")
    page.set_input_files("#file", bad)
    page.wait_for_selector("#status:not(:empty)")
    assert "not an image" in page.inner_text("#status")
    shot(page, "bad-file")
    good = tmp_path / "good.png"
    Image.fromarray(digits_data.x_train[0]).save(good)
    page.set_input_files("#file", good)
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
    page = visit("#/map")
    page.wait_for_selector("#legend span")
    assert page.locator("#legend span").count() == 10
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
    page = visit("#/quality")
    page.wait_for_selector("#compare table")
    assert page.locator(".confusion tr").count() == 11
    assert "accuracy" in page.inner_text("#metrics")
    assert "Image by image" in page.inner_text("#compare")
    shot(page, "quality")


def test_live_counts_what_happens(visit):
    page = visit("#/live")
    page.wait_for_selector(".tile")
    assert "requests a second" in page.inner_text("#tiles")
    shot(page, "live")


def test_a_narrow_screen_shows_everything_without_sideways_scrolling(visit):
    page = visit(viewport={"width": 375, "height": 740}, color_scheme="dark")
    draw_a_one(page)
    page.wait_for_selector("#hits .hit canvas")
    for name in ("search", "map", "quality", "live"):
        page.click(f"#tab-{name}")
        page.wait_for_timeout(300)
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0, name
        shot(page, f"phone-{name}")


def test_the_keyboard_reaches_everything(visit):
    page = visit()
    page.wait_for_selector("#gallery canvas")
    page.focus("#tab-search")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#map:not([hidden])")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#search:not([hidden])")
    page.focus("#canvas")
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
    unnamed = """() => [...document.querySelectorAll('button, canvas, input, select')]
      .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.innerText || e.title
        || e.labels?.length || e.closest('[aria-label]'))).map((e) => e.outerHTML)"""
    assert page.evaluate(unnamed) == []


def test_the_interface_is_documented_from_here_alone(visit):
    page = visit("docs")
    page.wait_for_selector(".route")
    text = page.inner_text("#routes")
    assert "/v1/digits/search" in text
    assert "multipart/form-data" in text
    shot(page, "docs")
