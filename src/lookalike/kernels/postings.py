"""Lists of the documents that hold a term, in blocks, and documents as their terms.

A *list* belongs to a term in a field. It is cut into blocks of at most 128 documents
that lie fewer than 65,536 apart, so that a document takes two bytes: its distance from
the block's first. How often it holds the term takes no byte where the whole block holds
it once, else one, or four where a count exceeds 255. What a search has to know of a
block lies side by side, in one line of the cache.

A *bound* of a block is the most that ``tf / (tf + norm)`` reaches in it.
"""

from typing import Any, NamedTuple

import numpy as np

from lookalike.kernels.compiled import njit

BLOCK = 128
SPAN = 1 << 16
FIRST, LAST, BEGIN, SIZE, BOUND = range(5)  # columns of ``Postings.heads``
LONG = 255  # lengths from here on are in ``Postings.lengths``
ROUNDED_UP = 1.0 + 2.0**-22  # what float32 loses, and a little


class Postings(NamedTuple):
    """Compressed lists.

    first_block : int64 (n_lists + 1,), of each list
    heads : int32 (n_blocks, 5), of each block its first and last document, where it
        begins in ``data``, its size, and the bits of its bound. The size is 8 times the
        number of documents, and the bytes of a count: 0, 1 or 4
    bounds : float32 (n_blocks, 5), the same memory
    data : uint16 (n,), of each block the distances of its documents, then their counts
    list_bound : float32 (n_lists,), the largest of its blocks
    short : uint8 (n_fields, n_documents), words of each field, 255 for more
    lengths : int32 (n_fields, n_documents), all of them, or (n_fields, 0) where none
        exceeds 254
    """

    first_block: Any
    heads: Any
    bounds: Any
    data: Any
    list_bound: Any
    short: Any
    lengths: Any


@njit(cache=True, nogil=True, forceinline=True)
def length_of(p, field, document):
    """How many words a field of a document has."""
    length = np.int64(p.short[field, document])
    if length == LONG:
        length = np.int64(p.lengths[field, document])
    return length


@njit(cache=True, nogil=True)
def count_lists(terms, ends, n_fields, n_terms, df, lengths):
    """Count the documents of each list and the words of each field.

    terms : int32 (n_words,), numbers of terms; the fields of a document one by one
    ends  : int64 (n_documents * n_fields,), where each field ends in ``terms``
    df    : int64 (n_fields * n_terms,), zeros, out
    lengths : int32 (n_fields, n_documents), out
    """
    latest = np.full(n_fields * n_terms, -1, np.int32)
    at = 0
    for e in range(ends.shape[0]):
        document, field = e // n_fields, e % n_fields
        lengths[field, document] = ends[e] - at
        for i in range(at, ends[e]):
            which = field * n_terms + terms[i]
            if latest[which] != document:
                latest[which] = document
                df[which] += 1
        at = ends[e]


@njit(cache=True, nogil=True)
def invert(terms, ends, n_fields, n_terms, starts, documents, tfs):
    """Write the documents of each list, rising, and how often each holds the term.

    terms, ends : as for ``count_lists``
    starts : int64 (n_lists + 1,), where each list begins and the last one ends
    documents, tfs : int32 (n_postings,), out
    """
    following = starts.copy()
    at = 0
    for e in range(ends.shape[0]):
        document, field = e // n_fields, e % n_fields
        for i in range(at, ends[e]):
            which = field * n_terms + terms[i]
            place = following[which]
            if place > starts[which] and documents[place - 1] == document:
                tfs[place - 1] += 1
            else:
                documents[place], tfs[place] = document, 1
                following[which] = place + 1
        at = ends[e]


@njit(cache=True, nogil=True)
def count_blocks(starts, documents, tfs, first_block):
    """Count the blocks of all lists, and the elements of ``data`` that they take.

    starts, documents, tfs : from ``invert``
    first_block : int64 (n_lists + 1,), out
    """
    n_blocks, n_data = 0, 0
    for which in range(starts.shape[0] - 1):
        first_block[which] = n_blocks
        at = starts[which]
        while at < starts[which + 1]:
            end, most = _block(at, starts[which + 1], documents, tfs)
            n_blocks += 1
            n_data += _n_data(end - at, _width(most))
            at = end
    first_block[starts.shape[0] - 1] = n_blocks
    return n_blocks, n_data


@njit(cache=True, nogil=True, forceinline=True)
def _block(at, stop, documents, tfs):
    """Where the block that begins at ``at`` ends, and its largest count."""
    end, most = at, 0
    while end < stop and end < at + BLOCK and documents[end] - documents[at] < SPAN:
        most = max(most, tfs[end])
        end += 1
    return end, most


@njit(cache=True, nogil=True, forceinline=True)
def _width(most):
    """Bytes of each count of a block."""
    if most == 1:
        return 0
    return 1 if most < 256 else 4


@njit(cache=True, nogil=True, forceinline=True)
def _n_data(n, width):
    """Elements of ``data`` that a block takes."""
    return n + (n * width + 1) // 2


@njit(cache=True, nogil=True)
def compress(p, starts, documents, tfs, n_terms, constants, factors):
    """Write ``heads``, ``data`` and ``list_bound`` of Postings.

    starts, documents, tfs : from ``invert``
    constants, factors : float64 (n_fields,); a document's norm is constant + factor *
        length
    """
    block, begin = 0, 0
    for which in range(starts.shape[0] - 1):
        field = which // n_terms
        at = starts[which]
        greatest = np.float32(0.0)
        while at < starts[which + 1]:
            end, most = _block(at, starts[which + 1], documents, tfs)
            first, width, n, bound = documents[at], _width(most), end - at, 0.0
            head = p.heads[block]
            head[FIRST], head[LAST] = first, documents[end - 1]
            head[BEGIN], head[SIZE] = begin, 8 * n + width
            for i in range(n):
                document, tf = documents[at + i], tfs[at + i]
                p.data[begin + i] = document - first
                if width == 1 and i % 2 == 0:
                    p.data[begin + n + i // 2] = tf
                elif width == 1:
                    p.data[begin + n + i // 2] |= np.uint16(tf << 8)
                elif width == 4:
                    p.data[begin + n + 2 * i] = tf & 65535
                    p.data[begin + n + 2 * i + 1] = tf >> 16
                length = length_of(p, field, document)
                norm = constants[field] + factors[field] * length
                bound = max(bound, tf / (tf + norm))
            p.bounds[block, BOUND] = bound * ROUNDED_UP
            greatest = max(greatest, p.bounds[block, BOUND])
            begin += _n_data(n, width)
            block += 1
            at = end
        p.list_bound[which] = greatest


@njit(cache=True, nogil=True, forceinline=True)
def tf_at(p, begin, size, i):
    """How often the i-th document of a block holds the term.

    begin, size : of the block, see ``Postings.heads``
    """
    width, at = size & 7, begin + (size >> 3)
    if width == 0:
        return np.int64(1)
    if width == 1:
        pair = np.int64(p.data[at + (i >> 1)])
        return pair >> 8 if i & 1 else pair & 255
    return np.int64(p.data[at + 2 * i]) | np.int64(p.data[at + 2 * i + 1]) << 16


@njit(cache=True, nogil=True)
def decompress(p, which, documents, tfs):
    """Write the documents of a list and their counts, both int64."""
    n = 0
    for block in range(p.first_block[which], p.first_block[which + 1]):
        first, begin = p.heads[block, FIRST], p.heads[block, BEGIN]
        size = p.heads[block, SIZE]
        for i in range(size >> 3):
            documents[n] = first + np.int64(p.data[begin + i])
            tfs[n] = tf_at(p, begin, size, i)
            n += 1


@njit(cache=True, nogil=True)
def sizes(p, lists, n):
    """How many documents each of ``lists`` has: ``n`` is int64 (n,), out."""
    for j in range(lists.shape[0]):
        n[j] = 0
        for block in range(p.first_block[lists[j]], p.first_block[lists[j] + 1]):
            n[j] += p.heads[block, SIZE] >> 3


@njit(cache=True, nogil=True)
def packed_size(terms):
    """How many bytes ``pack`` writes."""
    n = 0
    for i in range(terms.shape[0]):
        term = terms[i]
        n += 1
        while term >= 128:
            term >>= 7
            n += 1
    return n


@njit(cache=True, nogil=True)
def pack(terms, ends, packed, byte_ends):
    """Write numbers of terms in as few bytes as each needs, seven bits a byte (LEB128).

    terms : int32 (n_words,), of at least 0
    ends  : int64 (n,), where each part ends in ``terms``
    packed : uint8 (``packed_size``,), out
    byte_ends : int64 (n,), where each part ends in ``packed``, out
    """
    at, n = 0, 0
    for e in range(ends.shape[0]):
        for i in range(at, ends[e]):
            term = terms[i]
            while term >= 128:
                packed[n] = (term & 127) | 128
                term >>= 7
                n += 1
            packed[n] = term
            n += 1
        at = ends[e]
        byte_ends[e] = n


@njit(cache=True, nogil=True)
def unpack(packed, byte_ends, parts, terms, ends):
    """Read the parts with these numbers.

    parts : int64 (n_parts,)
    terms : int32 (at least the words of the parts,), out
    ends  : int64 (n_parts,), out, where each part ends in ``terms``

    Returns how many words they have.
    """
    n = 0
    for j in range(parts.shape[0]):
        part = parts[j]
        at = byte_ends[part - 1] if part > 0 else 0
        while at < byte_ends[part]:
            term, shift = 0, 0
            while packed[at] >= 128:
                term |= (np.int64(packed[at]) & 127) << shift
                shift += 7
                at += 1
            terms[n] = term | np.int64(packed[at]) << shift
            n += 1
            at += 1
        ends[j] = n
    return n


@njit(cache=True, nogil=True)
def take_parts(terms, ends, parts, taken, taken_ends):
    """Copy parts one after the other: of numbers of terms, or of the bytes of texts.

    terms : (n,)
    ends  : int64 (n_parts,), where each part ends in ``terms``
    parts : int64 (n_taken,), numbers of parts
    taken : of the type of ``terms``, as long as those parts, out
    taken_ends : int64 (n_taken,), out
    """
    n = 0
    for j in range(parts.shape[0]):
        part = parts[j]
        for i in range(ends[part - 1] if part > 0 else 0, ends[part]):
            taken[n] = terms[i]
            n += 1
        taken_ends[j] = n


@njit(cache=True, nogil=True)
def holds_phrase(terms, ends, phrase, holds):
    """Which parts hold some terms one right after the other.

    terms, ends : as for ``take_parts``
    phrase : int64 (n_phrase,), n_phrase >= 1
    holds : bool (n_parts,), out
    """
    at, n = 0, phrase.shape[0]
    for e in range(ends.shape[0]):
        holds[e] = False
        for i in range(at, ends[e] - n + 1):
            same = 0
            while same < n and terms[i + same] == phrase[same]:
                same += 1
            if same == n:
                holds[e] = True
                break
        at = ends[e]


@njit(cache=True, nogil=True)
def mark(p, which, marks):
    """Set ``marks``, uint8 (n_documents,), to 1 for the documents of a list."""
    for block in range(p.first_block[which], p.first_block[which + 1]):
        first, begin = p.heads[block, FIRST], p.heads[block, BEGIN]
        for i in range(begin, begin + (p.heads[block, SIZE] >> 3)):
            marks[first + np.int64(p.data[i])] = 1


@njit(cache=True, nogil=True)
def stay_inside(p, n_documents):
    """Whether all that the heads of blocks speak of lies inside of the arrays."""
    for block in range(p.heads.shape[0]):
        first, begin = p.heads[block, FIRST], p.heads[block, BEGIN]
        size = p.heads[block, SIZE]
        n, width = size >> 3, size & 7
        if not (0 < n <= BLOCK and (width == 0 or width == 1 or width == 4)):
            return False
        if first < 0 or begin < 0 or begin + _n_data(n, width) > p.data.shape[0]:
            return False
        for i in range(begin, begin + n):
            if first + np.int64(p.data[i]) >= n_documents:
                return False
    return True
