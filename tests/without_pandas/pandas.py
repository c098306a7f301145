"""Stands before pandas in the programs that tests start: lookalike does not need it."""

raise ImportError("The programs that tests start do without pandas.")
