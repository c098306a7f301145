"""The ``lookalike`` command, one verb a file."""

import sys


def main() -> None:
    """Run the command line.

    Ctrl-C ends it with status 130, also while its parts are still imported; within a
    verb ``_common.Sentences`` says what that means.
    """
    try:
        from lookalike.cli.app import app

        app()
    except KeyboardInterrupt:
        print("Stopped by Ctrl-C.", file=sys.stderr)
        sys.exit(130)
