"""The description on a package index: the README, its links made absolute."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"\]\((?!https?://|#)([^)]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Point the README's relative links to the project's home."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``readme``; the home is ``Source`` in ``[project.urls]``."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        home = metadata["urls"]["Source"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": RELATIVE.sub(rf"]({home}/blob/main/\1)", text),
        }
