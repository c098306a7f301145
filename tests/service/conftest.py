"""What tests of the page share: one browser a file, and how a page is opened in it."""

import os
import shutil
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Window:
    """A browser, and one page that the tests take turns at.

    To open a page anew, in a process of its own, takes longer than most tests.
    """

    def __init__(self, browser):
        self.browser = browser
        self.page = None
        self.wrong, self.asked = [], []

    def taken(self):
        """The page as if it were new, and what goes wrong and is asked in it."""
        self.left()
        self.page = self.page or self.opened()
        return self.page

    def left(self):
        """Have the page forget what it stored and showed."""
        if self.page:
            try:
                self.page.evaluate("localStorage.clear(), sessionStorage.clear()")
                self.page.goto("about:blank")
            except Exception:  # a blank one stores nothing; a broken one goes
                if self.page.url != "about:blank":
                    self.page.context.close()
                    self.page = None
        self.wrong.clear()
        self.asked.clear()

    def opened(self):
        """Another page, with a store of its own."""
        page = self.browser.new_context().new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on(
            "console",
            lambda said: self.wrong.append(said.text) if said.type == "error" else None,
        )
        page.on("request", lambda request: self.asked.append(request.url))
        return page


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("There is no Chromium here (apt-get install chromium).")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield Window(opened)
        opened.close()


@pytest.fixture(scope="session")
def visiting():
    """A generator function, see ``_visiting``."""
    return _visiting


@pytest.fixture(scope="session")
def shot():
    """A function that keeps a picture, where a folder for pictures is named."""

    def keep(page, name):
        folder = os.environ.get("LOOKALIKE_SCREENSHOTS")
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return keep


def _visiting(browser, port):
    """Open the page; in the end nothing went wrong, and nothing came from afar."""
    others, allowed = [], []
    first = browser.taken()

    def open_page(hash="", expected=(), viewport=None, color_scheme="light"):
        page = first
        if page.url != "about:blank":  # a second one in one test
            page = browser.opened()
            others.append(page)
        allowed.extend(expected)
        page.set_viewport_size(viewport or {"width": 1000, "height": 800})
        page.emulate_media(color_scheme=color_scheme)
        page.goto(f"http://127.0.0.1:{port}/{hash}")
        return page

    yield open_page
    for page in others:
        page.context.close()
    wrong, asked = [*browser.wrong], [*browser.asked]
    browser.left()
    assert [w for w in wrong if not any(word in w for word in allowed)] == []
    here = (f"http://127.0.0.1:{port}/", "data:", "blob:")
    assert [url for url in asked if not url.startswith(here)] == []


@pytest.fixture(scope="session")
def flaws():
    """A function that returns what axe-core finds serious in what a page shows."""
    axe = pytest.importorskip("axe_playwright_python.base").AXE_SCRIPT
    run = "axe.run(document, {resultTypes: ['violations']})"

    def found(page):
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe)
        serious = [
            each
            for each in page.evaluate(run)["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        return [(e["id"], e["nodes"][0]["html"][:200]) for e in serious]

    return found
