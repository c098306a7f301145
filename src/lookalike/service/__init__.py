"""The online half: a saved system behind HTTP, with a database and a page.

Needs the ``serve`` extra. ``create_app`` builds the application from its parts.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.service.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name != "create_app":
        raise AttributeError(name)
    try:
        from lookalike.service.app import create_app
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The service needs {error.name}: pip install 'lookalike[serve]'"
        ) from None
    return create_app
