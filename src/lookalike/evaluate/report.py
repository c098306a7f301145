"""Reports of text, tables and plots as one self-contained HTML file.

Style and plots are inside the file, and its content security policy forbids requests to
the network, so that it can be mailed, archived and opened from disk. The page follows
the light or dark setting of the reader. On a narrow screen wide tables and plots scroll
by themselves. The same content gives the same bytes.
"""

import base64
import io
import os
from collections.abc import Sequence
from html import escape
from numbers import Integral, Real
from pathlib import Path
from typing import Self

from matplotlib.figure import Figure
from PIL import Image

from lookalike._files import write_whole
from lookalike.evaluate.interval import Estimate

STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1f2933;--muted:#5f6b76;
--line:#dfe4e8;--band:#f5f7f9;--link:#1f6fb2}
@media (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e4e8ec;
--muted:#9aa5b1;--line:#323a43;--band:#1c2229;--link:#79b8f0}
img{filter:brightness(.92)}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:56rem;background:var(--page);
color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:break-word}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.3rem;line-height:1.3;margin:2.75rem 0 .5rem;padding-top:1rem;
border-top:1px solid var(--line)}
p{margin:.6rem 0}.lead{font-size:1.1rem;color:var(--muted)}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;margin:1.25rem 0}
a{color:var(--link)}
figure{margin:1.5rem 0}
figcaption,caption{color:var(--muted);font-size:.9rem;text-align:left}
figcaption{margin-top:.4rem}caption{padding-bottom:.4rem}
img{display:block;max-width:100%;height:auto;background:#fff;padding:.6rem;
border:1px solid var(--line);border-radius:8px}
.wide{overflow-x:auto;margin:1.5rem 0}
figure .wide{margin:0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.4rem 1.4rem .4rem .6rem;text-align:left;
border-bottom:1px solid var(--line)}
thead th{font-size:.9rem;color:var(--muted);font-weight:600}
tbody th{font-weight:600}tbody tr:nth-child(odd){background:var(--band)}
td.number,th.number{text-align:right;white-space:nowrap}
small{color:var(--muted);font-size:.85em;margin-left:.5em}
@media print{nav{display:none}h2{break-after:avoid}figure,table{break-inside:avoid}}
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class Report:
    """Collect sections of text, tables and plots, and write them as one HTML file.

    Content is added to the section that was opened last. All text is escaped. Every
    method but ``write`` returns the report.

    Parameters
    ----------
    title : str
        Heading of the page and title of its tab.
    lead : str, optional
        A sentence or two under the heading.

    Examples
    --------
    >>> import tempfile
    >>> from lookalike.evaluate import Estimate
    >>> report = Report("Digits", lead="What was learned, and how well it works.")
    >>> report = report.section("Results").table(
    ...     ["system", "accuracy"], [["raw pixels", Estimate(0.9705, 0.9672, 0.9738)]]
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report.write(Path(folder) / "report.html").read_text()
    >>> "0.9705<small>0.9672 to 0.9738</small>" in page
    True
    """

    def __init__(self, title: str, lead: str = "") -> None:
        self._title = title
        self._lead = lead
        self._headings: list[str] = []
        self._parts: list[str] = []

    def section(self, heading: str) -> Self:
        """Open a section; the page's table of contents links to it."""
        self._headings.append(heading)
        name = f"section-{len(self._headings)}"
        self._parts.append(f'<h2 id="{name}">{escape(heading)}</h2>')
        return self

    def text(self, text: str) -> Self:
        """Add text; an empty line starts a new paragraph."""
        self._parts += [f"<p>{escape(part)}</p>" for part in _paragraphs(text)]
        return self

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[object]],
        caption: str = "",
    ) -> Self:
        """Add a table; its first column names the rows.

        Parameters
        ----------
        header : sequence of str of length n_columns
            Names of the columns.
        rows : sequence of n_rows sequences of length n_columns
            Cells: text, whole numbers (written with separators of thousands), real
            numbers (four significant digits) or estimates (with their interval).
        caption : str, optional
            Text above the table.
        """
        uneven = {len(row) for row in rows} - {len(header)}
        if uneven:
            raise ValueError(
                f"Every row must have {len(header)} cells like the header, got "
                f"{min(uneven)}."
            )
        numeric = [all(_is_number(row[j]) for row in rows) for j in range(len(header))]
        head = "".join(
            f'<th scope="col"{_aligned(n)}>{escape(name)}</th>'
            for name, n in zip(header, numeric, strict=True)
        )
        body = "".join(_row(row, numeric) for row in rows)
        title = f"<caption>{escape(caption)}</caption>" if caption else ""
        self._parts.append(
            f'<div class="wide" tabindex="0"><table>{title}<thead><tr>{head}</tr>'
            f"</thead><tbody>{body}</tbody></table></div>"
        )
        return self

    def figure(self, figure: Figure, alt: str, caption: str = "") -> Self:
        """Add a picture.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            Rendered now, as a PNG inside the page.
        alt : str
            Description of the picture for readers who cannot see it.
        caption : str, optional
            Text under the picture.
        """
        if not alt.strip():
            raise ValueError("alt must say what the picture shows, got nothing.")
        png, width, height = _png(figure)
        data = base64.b64encode(png).decode()
        # A wide grid of images is unreadable when it is shrunk to a phone.
        least = round(0.7 * width) if width > 700 else 0
        below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        self._parts.append(
            f'<figure><div class="wide" tabindex="0"><img alt="{escape(alt)}" '
            f'width="{width}" height="{height}" style="min-width:{least}px" '
            f'src="data:image/png;base64,{data}"></div>{below}</figure>'
        )
        return self

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page atomically, and return its path.

        Missing folders are created. The page is written under a temporary name and then
        renamed, so that a failure leaves the old page as it was.
        """
        path = Path(path)
        write_whole(path, self._page().encode())
        return path

    def _page(self) -> str:
        lead = f'<p class="lead">{escape(self._lead)}</p>' if self._lead else ""
        links = "".join(
            f'<a href="#section-{i}">{escape(heading)}</a>'
            for i, heading in enumerate(self._headings, start=1)
        )
        contents = (
            f'<nav aria-label="Sections">{links}</nav>'
            if len(self._headings) > 2
            else ""
        )
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<link rel="icon" href="data:,">\n'
            f"<title>{escape(self._title)}</title>\n<style>{STYLE}</style>\n</head>\n"
            f"<body>\n<h1>{escape(self._title)}</h1>\n{lead}\n{contents}\n<main>\n"
            + "\n".join(self._parts)
            + "\n</main>\n</body>\n</html>\n"
        )


def _paragraphs(text: str) -> list[str]:
    lines = [line.strip() for line in text.strip().splitlines()]
    return [part.replace("\n", " ") for part in "\n".join(lines).split("\n\n") if part]


def _row(row: Sequence[object], numeric: Sequence[bool]) -> str:
    cells = [
        f"<td{_aligned(n)}>{_cell(cell)}</td>"
        for cell, n in zip(row[1:], numeric[1:], strict=True)
    ]
    return f'<tr><th scope="row">{_cell(row[0])}</th>{"".join(cells)}</tr>'


def _cell(value: object) -> str:
    if isinstance(value, Estimate):
        interval = f"<small>{value.low:.4f} to {value.high:.4f}</small>"
        return f"{value.value:.4f}{interval}"
    if isinstance(value, bool) or not isinstance(value, Real):
        return escape(str(value))
    return f"{value:,}" if isinstance(value, Integral) else f"{float(value):.4g}"


def _is_number(value: object) -> bool:
    return isinstance(value, (Real, Estimate)) and not isinstance(value, bool)


def _aligned(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def _png(figure: Figure) -> tuple[bytes, int, int]:
    """Return a compressed PNG, and its width and height in CSS pixels (96 an inch)."""
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        # 256 colours halve the bytes. Without the k-means step, small patches such as
        # the markers of a legend would get the colour of their surroundings.
        palette = image.convert("RGB").quantize(256, kmeans=1)
        palette.save(packed, format="PNG", optimize=True)
    width, height = figure.get_size_inches() * 96
    return packed.getvalue(), round(width), round(height)
