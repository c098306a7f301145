"""The jobs of ``lookalike bench ads``, by what they ask."""
