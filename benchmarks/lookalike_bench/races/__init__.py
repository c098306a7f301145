"""The jobs of ``lookalike bench algorithms``, by kind of algorithm."""
