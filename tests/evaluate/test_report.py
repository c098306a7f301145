import base64
import io
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lookalike.evaluate import Estimate, plots
from lookalike.evaluate.report import Report

NASTY = '<script>alert("1")</script> & \'"'


class Reader(HTMLParser):
    """Collects what a browser would see, and checks that tags are closed in order."""

    VOID = frozenset({"meta", "link", "img"})

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())


def read(report, tmp_path):
    return Reader(report.write(tmp_path / "report.html").read_text(encoding="utf-8"))


def embedded(reader):
    for tag, attributes in reader.attributes:
        if tag == "img":
            kind, data = attributes["src"].split(",")
            assert kind == "data:image/png;base64"
            yield attributes, base64.b64decode(data)


@pytest.fixture(scope="module")
def digits_like_page(tmp_path_factory):
    rng = np.random.default_rng(0)
    images = (rng.random((8, 11, 28, 28)) ** 4 * 255).astype(np.uint8)
    labels = rng.integers(10, size=(8, 11))
    points = rng.normal(size=(10_000, 2))
    figures = [
        plots.confusion(rng.integers(9, size=(10, 10))),
        plots.loss_curve(rng.random(20)),
        plots.gallery(
            images[:, 0], images[:, 1:], query_labels=labels[:, 0], labels=labels[:, 1:]
        ),
        plots.strip(images.reshape(-1, 28, 28)[:20], labels.ravel()[:20]),
        plots.embedding_map(points, rng.integers(10, size=10_000)),
        plots.estimates({"a": Estimate(0.9, 0.8, 0.95)}),
    ]
    report = Report("Digits")
    for figure in figures:
        report.section("One more").figure(figure, alt="A picture")
    return report.write(tmp_path_factory.mktemp("report") / "report.html")


def test_a_report_of_six_pictures_is_small(digits_like_page):
    # The pixels are noise, which no real image is.
    assert digits_like_page.stat().st_size < 1_000_000


def test_the_same_content_gives_the_same_bytes(tmp_path):
    pages = [
        Report("T").figure(plots.loss_curve([2, 1]), alt="A curve").write(path)
        for path in (tmp_path / "a.html", tmp_path / "b.html")
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_everything_said_is_on_the_page_in_order(tmp_path):
    report = (
        Report("Digits", lead="What was learned.")
        .section("Problem")
        .text("First line\nof one paragraph.\n\n  Another.  ")
        .section("Results")
        .table(
            ["system", "accuracy", "images", "seconds", "note"],
            [
                [
                    "raw",
                    Estimate(0.97054, 0.9672, 0.9738),
                    np.int64(60000),
                    1.23456,
                    "-",
                ],
                ["map", Estimate(0.98, 0.977, 0.983), 60000, np.float32(12.5), True],
            ],
            caption="On unseen digits",
        )
    )
    words = [word for word in read(report, tmp_path).words if word]
    after_style = words[words.index("Digits", 1) :]
    assert after_style == [
        *("Digits", "What was learned.", "Problem", "First line of one paragraph."),
        *("Another.", "Results", "On unseen digits"),
        *("system", "accuracy", "images", "seconds", "note"),
        *("raw", "0.9705", "0.9672 to 0.9738", "60,000", "1.235", "-"),
        *("map", "0.9800", "0.9770 to 0.9830", "60,000", "12.5", "True"),
    ]


def test_columns_of_numbers_are_aligned_right_and_others_left(tmp_path):
    report = Report("T").table(["a", "n", "text"], [["x", 1, "y"], ["z", 2.5, 3]])
    reader = read(report, tmp_path)
    cells = [a.get("class") for tag, a in reader.attributes if tag == "td"]
    assert cells == ["number", None, "number", None]


def test_all_text_is_escaped(tmp_path):
    report = (
        Report(NASTY, lead=NASTY)
        .section(NASTY)
        .section(NASTY)
        .section(NASTY)
        .text(NASTY)
        .table([NASTY], [[NASTY]], caption=NASTY)
        .figure(Figure(figsize=(1, 1)), alt=NASTY, caption=NASTY)
    )
    reader = read(report, tmp_path)
    assert "script" not in reader.tags
    assert reader.words.count(NASTY) == 14
    assert [attributes["alt"] for attributes, _ in embedded(reader)] == [NASTY]


def test_the_page_asks_nobody_for_anything(digits_like_page):
    page = digits_like_page.read_text()
    reader = Reader(page)
    assert not {"script", "iframe", "object", "form"} & set(reader.tags)
    targets = [
        a[key] for _, a in reader.attributes for key in ("src", "href") if key in a
    ]
    assert all(target.startswith(("data:", "#")) for target in targets)
    assert "http" not in re.sub(r"base64,[^\"]*|http-equiv", "", page)
    assert "url(" not in page
    assert "@import" not in page
    policy = next(a for t, a in reader.attributes if "http-equiv" in a)
    assert policy["content"].startswith("default-src 'none'")


def test_it_fits_a_phone_and_follows_light_and_dark(tmp_path):
    page = Report("T").write(tmp_path / "r.html").read_text()
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
    assert "prefers-color-scheme:dark" in page
    assert "max-width:100%" in page


def test_long_reports_link_to_their_sections(tmp_path):
    report = Report("T")
    for heading in ("One", "Two", "Three"):
        report.section(heading)
    reader = read(report, tmp_path)
    links = [a["href"] for tag, a in reader.attributes if tag == "a"]
    targets = ["#" + a["id"] for tag, a in reader.attributes if tag == "h2"]
    assert links == targets == ["#section-1", "#section-2", "#section-3"]


def test_a_picture_keeps_its_colours_and_size(tmp_path):
    rng = np.random.default_rng(0)
    share = np.array([1, 1, 0.02, 1, 0.02, 1, 1, 1, 1, 1]) / 8.04
    labels = rng.choice(10, size=3000, p=share)
    figure = plots.embedding_map(rng.normal(size=(3000, 2)), labels)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    before = np.asarray(Image.open(buffer).convert("RGB")).astype(int)
    report = Report("T").figure(figure, alt="A map of ten classes")
    ((attributes, png),) = embedded(read(report, tmp_path))
    after = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert after.shape == before.shape
    np.testing.assert_array_equal(after[0, 0], 255)
    assert np.abs(after - before).max() < 40
    inches = figure.get_size_inches()
    assert [int(attributes[side]) for side in ("width", "height")] == [
        round(inch * 96) for inch in inches
    ]


def test_a_picture_is_drawn_when_it_is_added(tmp_path):
    figure = plots.loss_curve([2, 1])
    report = Report("T").figure(figure, alt="A curve")
    before = report.write(tmp_path / "a.html").read_bytes()
    figure.axes[0].clear()
    assert report.write(tmp_path / "b.html").read_bytes() == before


@pytest.mark.parametrize("alt", ["", "  "])
def test_refuses_a_picture_that_is_not_described(alt):
    with pytest.raises(ValueError, match="alt must say what the picture shows"):
        Report("T").figure(Figure(), alt=alt)


def test_refuses_a_table_whose_rows_are_uneven():
    with pytest.raises(
        ValueError, match="Every row must have 2 cells like the header, got 1"
    ):
        Report("T").table(["a", "b"], [["x", 1], ["y"]])


def test_writes_into_a_new_folder_and_leaves_nothing_else(tmp_path):
    path = Report("T").write(tmp_path / "new" / "folder" / "report.html")
    assert os.listdir(path.parent) == ["report.html"]


def test_a_failure_while_writing_leaves_the_old_report(tmp_path, monkeypatch):
    path = Report("Old").write(tmp_path / "report.html")
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        Report("New").write(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_reader_never_sees_half_a_report(tmp_path, monkeypatch):
    path = Report("Old").write(tmp_path / "report.html")
    seen = []
    replace = os.replace

    def look_first(source, target):
        seen.append((path.read_text(), source.read_text()))
        replace(source, target)

    monkeypatch.setattr(os, "replace", look_first)
    Report("New").write(path)
    ((old, new),) = seen
    assert "<h1>Old</h1>" in old
    assert new.endswith("</html>\n")
    assert path.read_text() == new
