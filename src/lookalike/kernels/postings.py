"""Lists of the documents that hold a term, in blocks, and documents as their terms.

A *list* belongs to a term in a field. It is cut into blocks of at most 128 documents
that lie fewer than 65,536 apart, so that a document takes two bytes: its distance from
the block's first. How often it holds the term takes no byte where the whole block holds
it once, else one, or four where a count exceeds 255.

A *bound* of a block is the most that ``tf / (tf + norm)`` reaches in it.
"""

from typing import Any, NamedTuple

import numpy as np

from lookalike.kernels.compiled import njit

BLOCK = 128
SPAN = 1 << 16
ROUNDED_UP = 1.0 + 2.0**-22  # what float32 loses, and a little


class Postings(NamedTuple):
    """Compressed lists.

    first_block : int64 (n_lists + 1,), of each list
    first, last : int32 (n_blocks,), documents of each block
    begin : int64 (n_blocks + 1,), of each block in ``distances``
    tf_begin : int64 (n_blocks,), of each block in ``tfs``, twice, plus 1 where a count
        takes four bytes; -1 where all are 1
    bound : float32 (n_blocks,)
    list_bound : float32 (n_lists,), the largest of its blocks
    distances : uint16 (n_postings,)
    tfs : uint8 (n_bytes,)
    lengths : int32 (n_fields, n_documents), words of each field
    """

    first_block: Any
    first: Any
    last: Any
    begin: Any
    tf_begin: Any
    bound: Any
    list_bound: Any
    distances: Any
    tfs: Any
    lengths: Any


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
    """Count the blocks of all lists, and the bytes that their counts take.

    starts, documents, tfs : from ``invert``
    first_block : int64 (n_lists + 1,), out
    """
    n_blocks, n_bytes = 0, 0
    for which in range(starts.shape[0] - 1):
        first_block[which] = n_blocks
        at = starts[which]
        while at < starts[which + 1]:
            end, most = _block(at, starts[which + 1], documents, tfs)
            n_blocks += 1
            n_bytes += (end - at) * _width(most)
            at = end
    first_block[starts.shape[0] - 1] = n_blocks
    return n_blocks, n_bytes


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


@njit(cache=True, nogil=True)
def compress(postings, starts, documents, tfs, n_terms, constants, factors):
    """Write all arrays of ``postings`` but ``first_block`` and ``lengths``.

    starts, documents, tfs : from ``invert``
    constants, factors : float64 (n_fields,); a document's norm is constant + factor *
        length
    """
    p = postings
    block, n_bytes = 0, 0
    for which in range(starts.shape[0] - 1):
        field = which // n_terms
        at = starts[which]
        greatest = np.float32(0.0)
        while at < starts[which + 1]:
            end, most = _block(at, starts[which + 1], documents, tfs)
            first, width, bound = documents[at], _width(most), 0.0
            p.first[block], p.last[block] = first, documents[end - 1]
            p.begin[block] = at
            p.tf_begin[block] = -1 if width == 0 else 2 * n_bytes + (width == 4)
            for i in range(at, end):
                p.distances[i] = documents[i] - first
                tf = tfs[i]
                for byte in range(width):
                    p.tfs[n_bytes] = (tf >> (8 * byte)) & 255
                    n_bytes += 1
                length = p.lengths[field, documents[i]]
                norm = constants[field] + factors[field] * length
                bound = max(bound, tf / (tf + norm))
            p.bound[block] = bound * ROUNDED_UP
            greatest = max(greatest, p.bound[block])
            block += 1
            at = end
        p.list_bound[which] = greatest
    p.begin[block] = starts[starts.shape[0] - 1]


@njit(cache=True, nogil=True, forceinline=True)
def tf_at(p, block, i):
    """How often the i-th document of a block holds the term."""
    begin = p.tf_begin[block]
    if begin < 0:
        return 1
    at = begin >> 1
    if begin & 1 == 0:
        return np.int64(p.tfs[at + i])
    at += 4 * i
    return (
        np.int64(p.tfs[at])
        | np.int64(p.tfs[at + 1]) << 8
        | np.int64(p.tfs[at + 2]) << 16
        | np.int64(p.tfs[at + 3]) << 24
    )


@njit(cache=True, nogil=True)
def decompress(p, which, documents, tfs):
    """Write the documents of a list and their counts, both int64; returns how many."""
    n = 0
    for block in range(p.first_block[which], p.first_block[which + 1]):
        begin = p.begin[block]
        for i in range(p.begin[block + 1] - begin):
            documents[n] = p.first[block] + np.int64(p.distances[begin + i])
            tfs[n] = tf_at(p, block, i)
            n += 1
    return n


@njit(cache=True, nogil=True)
def sizes(p, lists, n):
    """How many documents each of ``lists`` has: ``n`` is int64 (n,), out."""
    for j in range(lists.shape[0]):
        which = lists[j]
        n[j] = p.begin[p.first_block[which + 1]] - p.begin[p.first_block[which]]


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
        first = p.first[block]
        for i in range(p.begin[block], p.begin[block + 1]):
            marks[first + np.int64(p.distances[i])] = 1
