"""``lookalike bench page``: what the page weighs, and when it can be used.

The page of a service of digits, in Chromium without a cache. *Slow* is a processor of a
quarter of this machine's speed and a line of 1.6 Mbit/s down, 750 kbit/s up and 150 ms
(the "slow 4G" of Chromium's tools), both set through the protocol of those tools. The
first answer is that to a digit which a script draws as soon as it can be drawn; it
counts from the moment at which the address was called. Accessibility is what axe-core
finds serious or critical, in every section, on a screen of either width.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

from lookalike_bench import runner
from lookalike_bench.bars import Bar, Row, most
from lookalike_bench.under_load import Server, served

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECTIONS = ("ask", "map", "quality", "experiments", "live")
SCREENS = {"wide, light": (1280, 800, "light"), "narrow, dark": (390, 844, "dark")}
SLOWER = 4
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
}
FIRST_PAINT = """() => performance.getEntriesByName('first-contentful-paint')
  .map((each) => each.startTime)[0] ?? null"""
ANSWERED = ".verdict .big, .unlike"
BARS = (
    Bar("kilobytes over the line", 120, most("kilobytes", "weight"), at_most=True),
    Bar("requests elsewhere", 0, most("elsewhere", "weight"), at_most=True),
    Bar("slow: first paint, s", 2.5, most("first_paint", "slow*"), at_most=True),
    Bar("slow: first answer, s", 4, most("first_answer", "slow*"), at_most=True),
    Bar("serious findings of axe-core", 0, most("serious", "axe-core"), at_most=True),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Measure every job whose name contains ``only``.

    Raises
    ------
    FileNotFoundError
        If there is no Chromium here.
    """
    chosen = runner.selected(JOBS.items(), only)
    with _served_digits() as server, _browser() as browser:
        jobs = [(name, partial(job, browser, server, rounds)) for name, job in chosen]
        return runner.measured(jobs, progress, BARS)


@contextlib.contextmanager
def _served_digits() -> Iterator[Server]:
    from lookalike.datasets import load_digits_sample
    from lookalike.systems.digits import SPEC

    data = load_digits_sample()
    system = SPEC.new({}).fit(data)
    result = SPEC.evaluate(system, data)
    with served("digits", lambda folder: system.save(folder, result)) as server:
        yield server


@contextlib.contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise FileNotFoundError("There is no Chromium here (apt-get install chromium).")
    with sync_playwright() as started:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = started.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@contextlib.contextmanager
def _opened(browser: Any, screen: str = "wide, light") -> Iterator[Any]:
    """A page of its own, without anything that another one has kept."""
    width, height, scheme = SCREENS[screen]
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    yield context.new_page()
    context.close()


def weight(browser: Any, server: Server, rounds: int) -> Iterator[Row]:
    """Bytes of every file that the page needs until it can be used, as they come."""
    with _opened(browser) as page:
        sizes: list[int] = []
        asked: list[str] = []
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.on(
            "Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"])
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(_address(server))
        page.wait_for_selector("#gallery canvas")
        here = (_address(server), "data:", "blob:")
        yield {
            "method": "lookalike",
            "kilobytes": round(sum(sizes) / 1000, 1),
            "files": len(sizes),
            "elsewhere": sum(not url.startswith(here) for url in asked),
        }


def slow(browser: Any, server: Server, rounds: int, screen: str) -> Iterator[Row]:
    """Seconds until something is painted, and until a drawn digit is answered."""
    paints, answers = [], []
    for _ in range(rounds):
        with _opened(browser, screen) as page:
            line = page.context.new_cdp_session(page)
            line.send("Network.enable")
            line.send("Network.emulateNetworkConditions", LINE)
            line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            begun = time.monotonic()
            page.goto(_address(server), wait_until="commit")
            page.wait_for_selector("#canvas", state="visible")
            _draw(page)
            page.wait_for_selector(ANSWERED)
            answers.append(time.monotonic() - begun)
            paints.append(page.evaluate(FIRST_PAINT) / 1000)
    yield {
        "method": "lookalike",
        "first_paint": round(median(paints), 2),
        "first_answer": round(median(answers), 2),
    }


def accessibility(browser: Any, server: Server, rounds: int) -> Iterator[Row]:
    """What axe-core finds in every section, on both screens."""
    from axe_playwright_python.base import AXE_SCRIPT

    for screen in SCREENS:
        with _opened(browser, screen) as page:
            page.goto(_address(server))
            page.wait_for_selector("#gallery canvas")
            page.locator("#gallery button").first.click()
            page.wait_for_selector(ANSWERED)
            page.evaluate(AXE_SCRIPT)
            found: list[str] = []
            for section in SECTIONS:
                page.click(f"#tab-{section}")
                page.wait_for_selector(f"#{section} .card")
                page.wait_for_load_state("networkidle")
                told = page.evaluate("axe.run(document)")["violations"]
                serious = ("serious", "critical")
                found += [e["id"] for e in told if e["impact"] in serious]
            yield {
                "method": "lookalike",
                "screen": screen,
                "sections": len(SECTIONS),
                "serious": len(found),
                "found": ", ".join(sorted(set(found))),
            }


def _address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/"


def _draw(page: Any) -> None:
    """Draw a one, as a mouse does."""
    box = page.locator("#canvas").bounding_box()
    x, top = box["x"] + box["width"] / 2, box["y"]
    page.mouse.move(x, top + 40)
    page.mouse.down()
    page.mouse.move(x, top + box["height"] - 40, steps=4)
    page.mouse.up()


JOBS: dict[str, Callable[..., Iterator[Row]]] = {
    "weight": weight,
    "slow, wide": partial(slow, screen="wide, light"),
    "slow, narrow": partial(slow, screen="narrow, dark"),
    "axe-core": accessibility,
}
