"""Recognition, retrieval and ranking, from first principles to a service.

The rooms, from the ground up:

- ``lookalike.kernels``: compiled loops, arrays in and arrays out
- ``lookalike.datasets``: where real data comes from
- ``lookalike.features``: raw things to vectors
- ``lookalike.learn``: vectors to labels, clusters and better vectors
- ``lookalike.search``: vectors to neighbours
- ``lookalike.evaluate``: metrics, intervals, tests, plots, reports
- ``lookalike.systems``: end-to-end systems, one a file
- ``lookalike.cli``: the ``lookalike`` command

Importing this module imports none of them: it costs milliseconds.
"""

__version__ = "0.1.0"
