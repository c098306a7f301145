"""The ``lookalike`` command, one verb a file."""
