"""What the site takes from outside ``docs``: files of the root, the reference, verbs.

MkDocs calls the functions named ``on_...``. Nothing here names a system, a room or a
verb: a new page of ``docs`` that the navigation does not name is a system's.
"""

import ast
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changes.md",
    "LICENSE": "licence.md",
    "benchmarks/README.md": "benchmarks.md",
}
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
MATH = re.compile(
    r'<(?:span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</(?:span|div)>', re.DOTALL
)
HTML = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def on_config(config: Any) -> Any:
    """Fill the navigation with what lies in folders."""
    pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    decisions = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))
    named = re.findall(r"[\w-]+\.md", str(config.nav))
    _fill(config.nav, "Systems", [name for name in pages if name not in named])
    _fill(config.nav, "Decisions", [f"decisions/{name}" for name in decisions])
    _fill(config.nav, "Reference", [*_reference(), "reference/commands.md"])
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that have no file in ``docs``."""
    made = {to: _moved(ROOT / path) for path, to in OUTSIDE.items()}
    made |= _reference() | {"reference/commands.md": _commands()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to files of the root lead to their pages."""
    uri = page.file.src_uri
    if uri in OUTSIDE.values() or uri.startswith("reference/"):
        return markdown
    return _relinked(markdown, PurePosixPath("docs", uri), PurePosixPath(uri))


def on_page_content(html: str, **_: Any) -> str:
    """Write formulas as MathML, which browsers show without a program."""

    def mathml(found: re.Match[str]) -> str:
        text = re.sub("|".join(HTML), lambda entity: HTML[entity[0]], found[2])
        return convert(text, display="inline" if found[1] == "(" else "block")

    return MATH.sub(mathml, html)


def _fill(nav: list[Any], title: str, pages: list[str]) -> None:
    for entry in nav:
        for name, inside in entry.items():
            if name == title:
                entry[name] = [*(inside or []), *pages]
            elif isinstance(inside, list):
                _fill([each for each in inside if isinstance(each, dict)], title, pages)


def _moved(path: Path) -> str:
    """Return a page of the root with the links it needs as a page of the site."""
    source = PurePosixPath(path.relative_to(ROOT).as_posix())
    text = path.read_text(encoding="utf-8")
    return _relinked(text, source, PurePosixPath(OUTSIDE[str(source)]))


def _relinked(text: str, source: PurePosixPath, page: PurePosixPath) -> str:
    def link(found: re.Match[str]) -> str:
        target = os.path.normpath(source.parent / found[1])
        known = OUTSIDE.get(target, target.removeprefix("docs/"))
        return f"]({os.path.relpath(known, page.parent)}"

    return LINK.sub(link, text)


def _reference() -> dict[str, str]:
    """Return a page for each package: its public names, each from its docstring."""
    pages = {}
    for init in sorted((ROOT / "src/lookalike").rglob("__init__.py")):
        folder = init.parent
        parts = folder.relative_to(ROOT / "src").parts
        hidden = any(part.startswith("_") for part in parts[1:])
        if hidden or {"cli", "migrations"} & set(parts):
            continue
        package = ".".join(parts)
        names = _public(folder, package)
        if names:
            about = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
            blocks = "\n\n".join(f"::: {name}" for name in names)
            text = f"# {package}\n\n{about}\n\n{blocks}\n"
            pages[f"reference/{'.'.join(parts[1:]) or 'lookalike'}.md"] = text
    return pages


def _public(folder: Path, package: str) -> list[str]:
    """Return what users import: from the package where it gives it, else its module."""
    given = _exported(folder / "__init__.py")
    names = [f"{package}.{name}" for name in sorted(given, key=str.lower)]
    for path in sorted(folder.glob("[!_]*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = [
            n.name for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)
        ]
        fresh = [name for name in own if not name.startswith("_") and name not in given]
        names += [f"{package}.{path.stem}.{name}" for name in dict.fromkeys(fresh)]
    return names


def _exported(init: Path) -> list[str]:
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def _commands() -> str:
    """Return the help of every verb, as the command itself prints it."""
    import typer

    from lookalike.cli.app import app

    parts = ["# The command\n"]

    def tell(command: Any, words: tuple[str, ...]) -> None:
        context = command.make_context(words[-1], [], resilient_parsing=True)
        context.info_name = " ".join(words)
        help_text = command.get_help(context)
        level = "#" * min(len(words) + 1, 4)
        parts.append(f"{level} `{' '.join(words)}`\n\n```text\n{help_text}\n```\n")
        for name, inner in getattr(command, "commands", {}).items():
            tell(inner, (*words, name))

    tell(typer.main.get_command(app), ("lookalike",))
    return "\n".join(parts)
