"""Texts to tokens, numbers and vectors."""

from lookalike.features.text.bag_of_words import CountVectorizer
from lookalike.features.text.byte_pairs import BytePairTokeniser
from lookalike.features.text.hashing import HashingVectorizer
from lookalike.features.text.n_grams import n_grams
from lookalike.features.text.normalise import TextNormaliser
from lookalike.features.text.tfidf import TfidfVectorizer
from lookalike.features.text.tokenise import characters, words
from lookalike.features.text.vocabulary import Vocabulary
from lookalike.features.text.windows import padded_sequences, padded_windows
from lookalike.features.text.word2vec import Word2Vec

__all__ = [
    "BytePairTokeniser",
    "CountVectorizer",
    "HashingVectorizer",
    "TextNormaliser",
    "TfidfVectorizer",
    "Vocabulary",
    "Word2Vec",
    "characters",
    "n_grams",
    "padded_sequences",
    "padded_windows",
    "words",
]
