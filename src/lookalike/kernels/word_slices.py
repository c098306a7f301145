"""Where the words of a text begin and end."""

from lookalike.kernels.compiled import njit

BREAK, LETTER, PAIRED, UNKNOWN = 0, 1, 2, 255
"""Classes of code points: between words, of a word, of a script without blanks."""


@njit(cache=True, nogil=True)
def word_slices(code_points, classes, longest, starts, stops):
    """Find the words of a text, and the pairs of letters of scripts without blanks.

    A run of ``LETTER`` is a word, of which the first ``longest`` are kept. Of a run of
    ``PAIRED`` every two neighbours are a word; a single one is a word of its own.

    code_points : int32 (n,)
    classes : uint8 (n_classes,), of each code point
    starts, stops : int64 (n,), out, in the order of the text

    Returns how many words there are. Cost: O(n).
    """
    n, n_words, at = code_points.shape[0], 0, 0
    while at < n:
        kind = classes[code_points[at]]
        if kind == BREAK:
            at += 1
            continue
        end = at + 1
        while end < n and classes[code_points[end]] == kind:
            end += 1
        if kind == LETTER or end == at + 1:
            starts[n_words], stops[n_words] = at, min(end, at + longest)
            n_words += 1
        else:
            for i in range(at, end - 1):
                starts[n_words], stops[n_words] = i, i + 2
                n_words += 1
        at = end
    return n_words
