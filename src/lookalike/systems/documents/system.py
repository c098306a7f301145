"""Documents: search of texts.

The words of a query find documents by BM25, exactly; documents about the same things
come from latent semantic analysis; and a weight that judged queries taught, or none,
puts both in one order.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_choice, check_whole
from lookalike._shown import shown
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation, SearchAnswer
from lookalike.core.gated_weight import Fusion
from lookalike.core.inputs import TextInputs, check_k
from lookalike.core.items import Allowed, Item
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.datasets import TextCollection
from lookalike.features.text.encoder import TextEncoder
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import Impressions
from lookalike.rank.impressions import LearnedClicks
from lookalike.search import TextIndex
from lookalike.search.hits import Hits
from lookalike.search.terms import Analysis
from lookalike.search.terms.did_you_mean import DidYouMean
from lookalike.search.terms.query import parse, unquoted
from lookalike.systems.documents.attributes import (
    check_facets,
    facets_of,
    values_let_through,
)
from lookalike.systems.documents.fusion import Candidates, Weights, learn_fusion
from lookalike.systems.documents.judged_queries import JudgedQueries
from lookalike.systems.documents.store import DocumentStore, whole_of

INPUTS = TextInputs(check="lookalike.systems.documents.system:check_text")
POOL = 200
"""Documents that each ranking proposes, at least."""
LEAST_SIMILAR = 0.01
"""Cosine from which a document is about the same at all."""
SNIPPET = 240
_TEXT = np.dtypes.StringDType()
_WHITE = re.compile(r"\s")


def check_text(text: Any) -> str:
    """Return a query that is a text, or refuse it."""
    if not isinstance(text, str):
        raise ValueError(f"A query must be text, got {type(text).__name__}.")
    if not any(character.isalnum() for character in text):
        raise ValueError(f"A query must hold a letter or a digit, got {shown(text)!r}.")
    return text


class Documents(BaseSystem):
    """Search texts by their words, by what they are about, and by judged queries.

    Parameters
    ----------
    language : str, default="english"
        Of the stemmer, see ``Analysis.languages()``; "none" stems nothing.
    n_components : int, default=200
        Directions of latent semantic analysis; 0 leaves it out.
    text_encoder : str or None, default=None
        A folder with ``model.onnx`` and ``tokenizer.json``, an encoder of sentences,
        which then says what texts are about, instead of latent semantic analysis (onnx
        extra). It becomes part of what is saved.
    pooling : {"mean", "first token"}, default="mean"
        How its vectors of tokens become one, where it returns those.
    random_state : int, default=0
        Of the singular vectors.
    n_jobs : int or None, default=None
        Taken so that all systems take it.

    Attributes
    ----------
    documents_ : DocumentStore
        Their words, titles, and vectors of what each is about.
    meaning_ : LatentMeaning
        What words weigh, and directions unless there is an encoder.
    encoder_ : TextEncoder or None
    fusion_ : Fusion
        How much what texts are about counts beside their words.
    judged_ : JudgedQueries
        Queries whose relevant documents it has learned from.
    judged_fusion_ : Fusion
        How much their votes count.
    did_you_mean_ : DidYouMean
        Words of the documents, by which misspelt queries are put right.
    clicks_ : LearnedClicks or None
        What ``learn_clicks`` has learned.
    manifest_ : Manifest

    Examples
    --------
    >>> texts = ["Red wine from the south.", "Glasses for wine.", "Green tea."]
    >>> data = TextCollection("toy", "", ["a", "b", "c"], [""] * 3, texts, [], [], [],
    ...     [])
    >>> [answer] = Documents().fit(data).search_each(["wine glass"], k=2)
    >>> answer.ids, answer.columns["passage"], answer.columns["matches"]
    (['b', 'a'], ['Glasses for wine.', 'Red wine from the south.'], [[[0, 7], [12, 16]],
    [[4, 8]]])
    """

    name = "documents"

    documents_: DocumentStore
    meaning_: LatentMeaning
    encoder_: TextEncoder | None
    fusion_: Fusion
    judged_: JudgedQueries
    judged_fusion_: Fusion
    did_you_mean_: DidYouMean
    clicks_: LearnedClicks | None

    def __init__(
        self,
        language: str = "english",
        n_components: int = 200,
        text_encoder: str | None = None,
        pooling: Literal["mean", "first token"] = "mean",
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.language = language
        self.n_components = n_components
        self.text_encoder = text_encoder
        self.pooling = pooling
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        data: TextCollection,
        on_progress: ProgressCallback = no_progress,
        encoder: TextEncoder | None = None,
    ) -> Self:
        """Index the documents, and learn from training queries, if there are any.

        encoder : the one of the folder ``text_encoder``, where it was read already
        """
        analysis = self._checked_analysis()
        if not data.ids:
            raise ValueError("At least one document is needed, got none.")
        encoder = encoder or self._read_encoder()
        on_progress("indexing", 0.0)
        names = facets_of(data.attributes)
        documents = [
            {"text": text, **_values(data.attributes, row, names)}
            for row, text in enumerate(data.whole)
        ]
        index = TextIndex(facets=names, analysis=analysis)
        index.fit(np.array(data.ids, _TEXT), documents)
        self.did_you_mean_ = DidYouMean.of_texts(data.whole, analysis)
        on_progress("finding what texts are about", 0.3)
        self.encoder_ = encoder
        n_components = 0 if encoder else self.n_components
        self.meaning_, vectors = LatentMeaning.fit(
            data.whole, analysis, n_components, self.random_state
        )
        if encoder:
            vectors = _encoded(encoder, data.whole, stage_of(on_progress, 0.3, 0.8))
        self.documents_ = DocumentStore(index, Texts.of(data.titles), vectors)
        on_progress("learning from judged queries", 0.8)
        self.clicks_ = None
        self._learn(data.training)
        facts = {
            "n_documents": len(data.ids),
            "n_terms": len(self.meaning_.terms_),
            "n_components": vectors.shape[1],
            "has_encoder": encoder is not None,
            "facets": list(names),
        }
        self.manifest_: Manifest = self.new_manifest(
            data, facts, embedding_version=scale_of(self.weights)
        )
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: TextCollection, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers.

        Where there are no training queries it has learned from those that measured it,
        each of which was answered with what others teach.
        """
        self.check_fitted()
        if data.training or not data.queries:
            return self
        on_progress("learning from all judged queries", 0.1)
        system = self.taught(list(zip(data.queries, data.grades, strict=True)))
        system.mark_refitted(True)
        return system

    def before_refit(self, data: TextCollection) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted or data.checksum != self.manifest_.data["checksum"]:
            return self
        system = self.taught(data.training)
        system.mark_refitted(False)
        return system

    def taught(self, pairs: Sequence[tuple[str, Mapping[str, int]]]) -> Self:
        """Return the system that has learned from these judged queries alone."""
        system = copy(self)
        system._learn(pairs)
        version = scale_of(system.weights)
        system.manifest_ = replace(system.manifest_, embedding_version=version)
        return system

    def learn_clicks(
        self, similarity: Floats, shown: Impressions, ids: Sequence[str]
    ) -> Self:
        """Learn from what was shown and clicked, in the order of time.

        Parameters
        ----------
        similarity : (n_impressions,)
            Column "similarity" of what was shown: what words and meaning say.
        shown : Impressions
        ids : sequence of str
            Of the documents, by the numbers that ``shown`` has.
        """
        self.check_fitted()
        ranker = ClickRanker(len(ids)).fit(similarity, shown)
        self.clicks_ = LearnedClicks(ranker, Texts.of(ids))
        facts = {**self.manifest_.facts, "n_impressions": len(shown)}
        self.manifest_ = replace(self.manifest_, facts=facts)
        return self

    # --- answers ----------------------------------------------------------------------

    def search(self, queries: Sequence[str], k: int = 10) -> Hits:
        """Return at most k documents for each query, their ids and scores."""
        answers = self.search_each(queries, k)
        return Hits(
            [np.array(answer.ids, _TEXT) for answer in answers],
            [np.array(answer.scores) for answer in answers],
        )

    def search_each(
        self,
        queries: Sequence[str],
        k: int = 10,
        where: Mapping[str, Allowed] | None = None,
    ) -> list[SearchAnswer]:
        """Return at most k documents for each query, best first.

        Words in quotation marks have to stand together; where too few documents hold
        them so, others follow. ``where`` names facets and the values let through.
        """
        self.check_fitted()
        k, chosen = check_k(k), self._let_through(where)
        return [self._answer(check_text(query), k, chosen) for query in queries]

    def similar_each(
        self, ids: Sequence[str], k: int = 10, where: Any = None
    ) -> list[SearchAnswer]:
        """Return at most k other documents about the same things as each."""
        self.check_fitted()
        k, chosen = check_k(k), self._let_through(where)
        answers = []
        for id in ids:
            row = self.documents_.row_of(id)
            vector = self.documents_.vector(row)
            about = self.documents_.similarities(vector)
            about[row] = -np.inf
            if chosen is not None:
                about[~chosen] = -np.inf
            order = np.argsort(-about, kind="stable")[:k]
            order = order[about[order] > LEAST_SIMILAR]
            answers.append(self._found(order, about[order], {}, vector))
        return answers

    def facet_counts(
        self, query: str | None, names: Sequence[str], where: Any = None
    ) -> dict[str, dict[str, int]]:
        """Return how many of the documents that hold a word have each value of a facet.

        ``query`` None counts all documents.
        """
        self.check_fitted()
        let = values_let_through(where)
        asked = None if query is None else check_text(query)
        now = self.documents_.now
        return {name: now.facet(asked, name, let) for name in names}

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of the attributes that filter and are counted."""
        return self.documents_.facets

    def explain(self, query: str) -> Explanation:
        """Say which words, and how much of what it is about, brought the first one."""
        [answer] = self.search_each([query], 1)
        if not answer.ids:
            return Explanation({}, (f"No document holds a word of {shown(query)!r}.",))
        found = self.explain_item(query, answer.ids[0])
        reasons = [
            f"{each['part']}: {each['adds']:+.3f}{each['because']}"
            for each in found["parts"]
        ]
        return Explanation(answer.records()[0], tuple(reasons))

    def explain_item(self, query: str, id: str, k: int = 10) -> dict[str, Any]:
        """Return a document's rank, its score, and the parts that add up to it."""
        self.check_fitted()
        query = check_text(query)
        if not self.has_item(id):
            raise LookupError("There is no item of this id.")
        row = self.documents_.row_of(id)
        found = self.candidates(query, max(POOL, check_k(k)))
        rows, _ = self.ranked(query, found, self.weights, clicks=self.clicks_)
        position = {at: rank for rank, at in enumerate(rows.tolist(), start=1)}
        best = self._best_of(query)
        parts = [
            {
                "part": f"the word {reason.term!r}",
                "adds": reason.contribution / best,
                "because": f" ({reason.tf} here, in {reason.df:,} documents)",
            }
            for reason in self.documents_.now.explain(id, unquoted(query))
        ]
        if self.fusion_.weight and row in position:
            vector = self._vector(query)
            about = float(self.documents_.similarities(vector)[row])
            parts.append(
                {
                    "part": "what it is about",
                    "adds": self.fusion_.weight * about,
                    "because": f" (similarity {about:.2f})",
                }
            )
        vote = self.judged_.votes(query).get(id, 0.0)
        if self.weights.judged and vote and row in position:
            similar = self.judged_.most_similar(query, id)
            parts.append(
                {
                    "part": "judged relevant before",
                    "adds": self.weights.judged * vote,
                    "because": f" (for {shown(similar)!r})",
                }
            )
        if self.clicks_ is not None:
            parts = _with_clicks(parts, self.clicks_, id)
        return {
            "id": id,
            "title": self.documents_.title(row),
            "rank": position.get(row),
            "score": sum(part["adds"] for part in parts),
            "parts": parts,
        }

    def check_query(self, query: str) -> str:
        """Return a query that can be searched, or refuse it."""
        return check_text(query)

    @property
    def n_items(self) -> int:
        """How many documents there are."""
        return len(self.documents_)

    @property
    def item_ids(self) -> list[str]:
        """Ids of all documents, in order."""
        ids: list[str] = self.documents_.now.ids.tolist()
        return ids

    def has_item(self, id: str) -> bool:
        """Whether there is a document of this id."""
        self.check_fitted()
        return id in self.documents_

    def warm_up(self) -> None:
        """Compile what queries of words, of phrases and of misspelt words need."""
        queries = ["first"]
        if self.n_items:
            text = str(self.documents_.now.get(self.item_ids[0])["text"])[:80]
            known = " ".join(re.findall(r"\w+", text))
            queries += [known, f'"{known}"', f"{known[:-1]}q{known[-1:]}"]
        for query in queries:
            if any(character.isalnum() for character in query):
                self.search_each([query], 1)

    # --- documents that come and go ---------------------------------------------------

    def with_items(self, items: Sequence[Item]) -> Self:
        """Return the system with documents that came, changed or went since.

        What texts are about is not learned again: a new one is described by what is
        known. This system goes on to answer from the documents that it had; only the
        system that was returned can be given further ones.
        """
        self.check_fitted()
        system = copy(self)
        system.documents_ = self.documents_.with_items(items, self._vector)
        texts = [whole_of(item) for item in items if not item.deleted]
        if texts:
            system.did_you_mean_ = self.did_you_mean_.with_texts(texts, self._analysis)
        return system

    def check_item(self, item: Item) -> None:
        """Refuse a document without a word, or with an attribute that is no facet."""
        check_text(whole_of(item))
        check_facets(item.attributes or {}, self.facet_names)

    def document(self, id: str) -> dict[str, Any]:
        """Return title, text and attributes of a document.

        Raises
        ------
        LookupError
            If there is no document of this id.
        """
        self.check_fitted()
        return self.documents_.document(id)

    # --- what evaluation and learning use ---------------------------------------------

    def candidates(
        self, query: str, pool: int = POOL, chosen: Any = None
    ) -> Candidates:
        """Return the documents that words or meaning propose, with all their scores.

        chosen : bool (n_rows,), which may be found; None is all
        """
        found = self._proposed(query, pool, chosen)
        return self.with_votes(found, self.judged_.votes(query))

    def _proposed(self, query: str, pool: int = POOL, chosen: Any = None) -> Candidates:
        """Candidates for which nobody has voted yet."""
        plain, documents = unquoted(query), self.documents_
        let = documents.mask_of_documents(chosen)
        hits = documents.now.search(plain, pool, where=let)
        scores = hits.scores[0]
        rows = documents.rows_of(hits.ids[0])
        vector = self._vector(query)
        if not vector.any():
            best = scores[0] if len(scores) else 1.0
            order = np.argsort(rows, kind="stable")
            none = np.zeros(len(rows))
            return Candidates(rows[order], scores[order] / best, none, none)
        about = documents.similarities(vector)
        allowed = about if chosen is None else np.where(chosen, about, -np.inf)
        near = np.argsort(-allowed, kind="stable")[:pool]
        near = near[allowed[near] > LEAST_SIMILAR]
        every = np.union1d(rows, near)
        words = np.zeros(len(every))
        words[np.searchsorted(every, rows)] = scores
        others = np.setdiff1d(near, rows)
        if len(others):  # documents that the words alone do not bring so far up
            ids = documents.ids_of(others)
            more = documents.now.search(plain, len(others), where=ids)
            further = documents.rows_of(more.ids[0])
            words[np.searchsorted(every, further)] = more.scores[0]
        best = words.max(initial=0.0)
        none = np.zeros(len(every))
        return Candidates(every, words / (best or 1.0), about[every], none)

    def with_votes(self, found: Candidates, votes: Mapping[str, float]) -> Candidates:
        """Return candidates with votes of judged queries, by the id of a document."""
        judged = np.zeros(len(found.rows))
        for id, vote in votes.items():
            if id in self.documents_:
                row = self.documents_.row_of(id)
                at = int(np.searchsorted(found.rows, row))
                if at < len(judged) and found.rows[at] == row:
                    judged[at] = vote
        return replace(found, judged=judged)

    def ranked(
        self,
        query: str,
        found: Candidates,
        weights: Weights,
        chosen: Any = None,
        clicks: LearnedClicks | None = None,
    ) -> tuple[Ints, Floats]:
        """Put candidates in order; those that hold every quoted phrase come first."""
        rows, scores = found.best(weights, len(found.rows))
        if clicks is not None:
            scores = clicks.score(scores, self.documents_.ids_of(rows))
            order = np.argsort(-scores, kind="stable")
            rows, scores = rows[order], scores[order]
        if not parse(query, self._analysis).phrases:
            return rows, scores
        documents = self.documents_
        let = documents.mask_of_documents(chosen)
        hits = documents.now.search(query, len(documents), where=let)
        holds = np.isin(rows, documents.rows_of(hits.ids[0]))
        order = np.argsort(~holds, kind="stable")
        return rows[order], scores[order]

    def by_row(self, grades: Mapping[str, int]) -> dict[int, int]:
        """Return grades by the row of the document instead of its id."""
        return {self.documents_.row_of(id): grade for id, grade in grades.items()}

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the index, what texts are about, and how much it counts."""
        found, about = self.documents_.state()
        found |= prefixed("meaning_", self.meaning_.arrays())
        found |= prefixed("did_you_mean_", self.did_you_mean_.arrays())
        found |= prefixed("judged_", self.judged_.arrays())
        if self.clicks_ is not None:
            found |= prefixed("clicks_", self.clicks_.arrays())
        if self.encoder_ is not None:
            found |= prefixed("encoder_", self.encoder_.arrays())
        fusions = {
            "fusion": self.fusion_.document(),
            "judged_fusion": self.judged_fusion_.document(),
        }
        return found, {"index": about, **fusions}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.documents_ = DocumentStore.from_state(arrays, document["index"])
        self.meaning_ = LatentMeaning.from_arrays(named("meaning_", arrays))
        self.did_you_mean_ = DidYouMean.of_arrays(named("did_you_mean_", arrays))
        self.judged_ = JudgedQueries.from_arrays(
            named("judged_", arrays), self.meaning_, self._analysis
        )
        self.fusion_ = Fusion(**document["fusion"])
        self.judged_fusion_ = Fusion(**document["judged_fusion"])
        clicks = named("clicks_", arrays)
        self.clicks_ = LearnedClicks.from_arrays(clicks) if clicks else None
        encoder = named("encoder_", arrays)
        self.encoder_ = TextEncoder.from_arrays(encoder) if encoder else None
        n_components = self.meaning_.n_components
        if not encoder and arrays["vectors"].shape[1] != n_components:
            raise ValueError("its directions and the vectors of documents do not fit.")

    # --- inside -----------------------------------------------------------------------

    def _learn(self, pairs: Sequence[tuple[str, Mapping[str, int]]]) -> None:
        """Learn from queries whose relevant documents are known."""
        known = [(query, grades) for query, grades in pairs if grades]
        queries = [query for query, _ in known]
        relevant = [sorted(grades) for _, grades in known]
        self.judged_ = JudgedQueries(queries, relevant, self.meaning_, self._analysis)
        candidates = [
            self.with_votes(self._proposed(query), self.judged_.votes(query, at))
            for at, query in enumerate(queries)
        ]
        grades = [self.by_row(own) for _, own in known]
        self.fusion_ = learn_fusion(candidates, grades)
        beside = Weights(about=self.fusion_.weight)
        self.judged_fusion_ = learn_fusion(candidates, grades, "judged", beside)

    def _vector(self, text: str) -> Array:
        """What a text is about, of length one; zeros where nothing of it is known."""
        if self.encoder_ is None:
            return self.meaning_.vector(text, self._analysis)
        if not self.encoder_.knows(text):
            return np.zeros(self.documents_.n_components, np.float32)
        return self.encoder_.transform([text])[0]

    @property
    def weights(self) -> Weights:
        """What other rankings count beside that of words."""
        return Weights(self.fusion_.weight, self.judged_fusion_.weight)

    def _checked_analysis(self) -> Analysis:
        check_whole("n_components", self.n_components, 0)
        language = None if self.language == "none" else self.language
        return Analysis(language)

    def _read_encoder(self) -> TextEncoder | None:
        check_choice("pooling", self.pooling, ("mean", "first token"))
        if self.text_encoder is None:
            return None
        return TextEncoder.of_folder(self.text_encoder, self.pooling)

    @property
    def _analysis(self) -> Analysis:
        return self.documents_.index.form.analysis

    def _answer(self, query: str, k: int, chosen: Any) -> SearchAnswer:
        found = self.candidates(query, max(POOL, k), chosen)
        weights = self.weights
        rows, scores = self.ranked(query, found, weights, chosen, self.clicks_)
        rows, scores = rows[:k], scores[:k]
        at = np.searchsorted(found.rows, rows)
        columns = {
            "words": found.words[at].tolist(),
            "about": found.about[at].tolist(),
            "judged": found.judged[at].tolist(),
            "similarity": found.scores(weights)[at].tolist(),
        }
        vector = self._vector(query)
        answer = self._found(rows, scores, columns, vector, query)
        documents = self.documents_
        let = documents.mask_of_documents(chosen)
        meant = self.did_you_mean_.suggest(query, documents.now, let, len(rows) > 0)
        return replace(answer, did_you_mean=meant)

    def _found(
        self,
        rows: Ints,
        scores: Floats,
        columns: dict[str, list[Any]],
        vector: Array,
        query: str = "",
    ) -> SearchAnswer:
        ids = self.documents_.ids_of(rows)
        passages = [self._passage(id, query) for id in ids]
        columns["passage"] = [text for text, _ in passages]
        columns["matches"] = [spans for _, spans in passages]
        titles = [self.documents_.title(row) or None for row in rows.tolist()]
        return SearchAnswer(ids, scores.tolist(), titles, columns, vector)

    def _passage(self, id: str, query: str) -> tuple[str, list[list[int]]]:
        """The passage that answers best, and where its matched words stand in it."""
        found = self.documents_.now.snippet(id, unquoted(query), SNIPPET)
        before, after = "…" * found.starts_inside, "…" * found.ends_inside
        shift = len(before)
        spans = [[start + shift, stop + shift] for start, stop in found.spans]
        text = _WHITE.sub(" ", found.text)  # one for one, so that places stay
        return f"{before}{text}{after}", spans

    def _best_of(self, query: str) -> float:
        """The best BM25 of a query, by which all are divided."""
        hits = self.documents_.now.search(unquoted(query), 1)
        return float(hits.scores[0][0]) if len(hits.scores[0]) else 1.0

    def _let_through(self, where: Any) -> Any:
        """Which rows are let through, (n_rows,) of bool; None is all."""
        let = values_let_through(where)
        return None if let is None else self.documents_.mask(let)


def _encoded(
    encoder: TextEncoder, texts: Sequence[str], on_progress: ProgressCallback
) -> Array:
    """Vectors of texts, float32 (n_texts, n_components)."""
    found = {}
    for at, text in enumerate(texts):
        if at % 16 == 0:
            on_progress(f"reading text {at + 1:,} of {len(texts):,}", at / len(texts))
        if encoder.knows(text):
            found[at] = encoder.transform([text])[0]
    n_components = len(next(iter(found.values()), np.empty(0)))
    vectors = np.zeros((len(texts), n_components), np.float32)
    for at, vector in found.items():
        vectors[at] = vector
    return vectors


def _values(
    attributes: Sequence[Mapping[str, str]], row: int, names: Sequence[str]
) -> dict[str, str | None]:
    own = attributes[row] if attributes else {}
    return {name: own.get(name) for name in names}


def scale_of(weights: Weights) -> str:
    """Return what scores are made of: those of other weights are not compared."""
    names = {"meaning": weights.about, "judged queries": weights.judged}
    used = [f"{weight:g} {name}" for name, weight in names.items() if weight]
    return " + ".join(["words", *used])


def _with_clicks(
    parts: Sequence[dict[str, Any]], clicks: LearnedClicks, id: str
) -> list[dict[str, Any]]:
    """The parts of a score as log-odds, and what clicks add to them."""
    own = clicks.attractiveness.get(id, 0.0)
    of_similarity, of_clicks, of_any = clicks.line
    times = f" ({np.exp(own):.2f} times as often as others in its places)"
    return [
        *({**part, "adds": of_similarity * part["adds"]} for part in parts),
        {"part": "clicks", "adds": of_clicks * own, "because": times},
        {"part": "any document", "adds": of_any, "because": ""},
    ]
