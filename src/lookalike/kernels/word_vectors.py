"""Word vectors by negative sampling: the loop of word2vec."""

import math

import numpy as np

from lookalike.kernels.compiled import njit

# Sums may be taken in any order, which lets them run in vector registers.
_ANY_ORDER = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def predict_word(inputs, outputs, members, n_members, targets, rate, hidden, change):
    """Take one gradient step for one prediction; return its loss before the step.

    With h the mean of the members' input vectors and u the output vectors, the loss is
    - log s(u_t h) - sum_k log s(- u_k h) for the target t = ``targets[0]`` and the
    noise words k = ``targets[1:]``, where s is the logistic function. A noise word
    that is the target is skipped.

    inputs, outputs : float32 (n_words, n_components), changed in place
    members : int64 (>= n_members,), n_members >= 1; targets : int64 (1 + n_negatives,)
    hidden, change : float32 (n_components,), working space
    """
    n_components = inputs.shape[1]
    hidden[:] = 0
    change[:] = 0
    for m in range(n_members):
        row = members[m]
        for c in range(n_components):
            hidden[c] += inputs[row, c]
    share = np.float32(1.0 / n_members)
    for c in range(n_components):
        hidden[c] *= share
    loss = 0.0
    for k in range(len(targets)):
        row = targets[k]
        if k > 0 and row == targets[0]:
            continue
        score = np.float32(0)
        for c in range(n_components):
            score += hidden[c] * outputs[row, c]
        # The sign turns a noise word into a target of minus the score.
        sign = 1.0 if k == 0 else -1.0
        signed = sign * float(score)
        e = math.exp(-abs(signed))
        missing = (e if signed >= 0 else 1.0) / (1.0 + e)  # 1 - s(signed)
        loss += math.log1p(e)
        if signed < 0:
            loss -= signed
        step = np.float32(sign * missing * rate)
        for c in range(n_components):
            change[c] += step * outputs[row, c]
            outputs[row, c] += step * hidden[c]
    for m in range(n_members):
        row = members[m]
        for c in range(n_components):
            inputs[row, c] += share * change[c]
    return loss


@njit(cache=True, nogil=True)
def train_word_vectors(
    words,
    sentences,
    inputs,
    outputs,
    threshold,
    alias,
    window,
    n_negatives,
    from_context,
    first_rate,
    last_rate,
    seed,
):
    """Walk once over a text and predict words from their neighbours.

    words, sentences : int64 (n_words_of_text,), the word and its sentence
    inputs, outputs : float32 (n_words, n_components), changed in place
    threshold, alias : the noise distribution, as ``build_alias`` gives it
    from_context : True predicts each word from the mean of its neighbours (CBOW),
        False each neighbour from the word (skip-gram)
    seed : 0 <= seed < 2**48

    The radius of each window is uniform from 1 to ``window``. Returns the sum of the
    losses and the number of predictions.
    """
    n_vocabulary, n_components = inputs.shape
    hidden = np.empty(n_components, dtype=np.float32)
    change = np.empty(n_components, dtype=np.float32)
    around = np.empty(2 * window, dtype=np.int64)
    itself = np.empty(1, dtype=np.int64)
    targets = np.empty(1 + n_negatives, dtype=np.int64)
    loss, n_predictions = 0.0, 0
    n_words = len(words)
    state = seed
    for i in range(n_words):
        rate = first_rate + (last_rate - first_rate) * i / n_words
        # Knuth's linear congruence modulo 2**48; its high bits are the good ones.
        state = (state * 25214903917 + 11) & 0xFFFFFFFFFFFF
        radius = 1 + (state >> 16) % window
        n_around = 0
        for j in range(max(0, i - radius), min(n_words, i + radius + 1)):
            if j != i and sentences[j] == sentences[i]:
                around[n_around] = words[j]
                n_around += 1
        itself[0] = words[i]
        for p in range(min(n_around, 1) if from_context else n_around):
            targets[0] = words[i] if from_context else around[p]
            for k in range(n_negatives):
                state = (state * 25214903917 + 11) & 0xFFFFFFFFFFFF
                scaled = (state >> 8) / 1099511627776 * n_vocabulary
                column = min(int(scaled), n_vocabulary - 1)
                stays = scaled - column < threshold[column]
                targets[1 + k] = column if stays else alias[column]
            members = around if from_context else itself
            n_members = n_around if from_context else 1
            loss += predict_word(
                inputs, outputs, members, n_members, targets, rate, hidden, change
            )
            n_predictions += 1
    return loss, n_predictions
