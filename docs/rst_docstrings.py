"""Docstrings are reStructuredText, pages are Markdown: what differs is translated."""

import re
from typing import Any

from griffe import Extension, Object

MATH = re.compile(r"^( *)\.\. math::(.*(?:\n(?:\1 +\S.*)?)*)", re.MULTILINE)
ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|obj):`~?([\w.]+)`")


class RstDocstrings(Extension):
    """Formulas, roles and references of a docstring, as Markdown has them."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Translate the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """Return a docstring as Markdown."""
    text = MATH.sub(_formula, text)
    text = ROLE.sub(lambda found: f"`{found[1].rpartition('.')[2]}`", text)
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    text = re.sub(r"\[(\d+)\]_", r"[\1]", text)
    return re.sub(r"^( *)\.\. \[(\d+)\]", r"\1\\[\2\\]", text, flags=re.MULTILINE)


def _formula(found: re.Match[str]) -> str:
    indent, body = found[1], " ".join(found[2].split())
    return f"{indent}\n{indent}$$ {body} $$\n{indent}\n"
