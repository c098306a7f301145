"""The jobs of ``lookalike bench harmful``, by what they ask."""
