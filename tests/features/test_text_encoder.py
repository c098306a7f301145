"""Encoders of sentences: vectors of tokens become one, folders are read."""

import numpy as np
import pytest

from lookalike.features.text.encoder import TextEncoder

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

WORDS = ["<pad>", "<start>", "<unknown>", "car", "lorry", "wine"]
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32)


def token_model(*more):
    """The row of a table for each token, as encoders of sentences return theirs."""
    helper, kinds = onnx.helper, onnx.TensorProto
    shape = ["n", "n_tokens"]
    taken = ["input_ids", "attention_mask", "token_type_ids", *more]
    inputs = [helper.make_tensor_value_info(n, kinds.INT64, shape) for n in taken]
    output = helper.make_tensor_value_info("last_hidden_state", kinds.FLOAT, None)
    table = onnx.numpy_helper.from_array(TABLE, "table")
    # Segments are added: a number other than 0 there would be seen.
    nodes = [
        helper.make_node("Add", ["input_ids", "token_type_ids"], ["rows"]),
        helper.make_node("Gather", ["table", "rows"], ["last_hidden_state"]),
    ]
    graph = helper.make_graph(nodes, "made", inputs, [output], [table])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    return made.SerializeToString()


def tokenizer_json(start=True):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    numbers = {word: at for at, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(numbers, "<unknown>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if start:
        made.post_processor = processors.TemplateProcessing(
            single="<start> $A", special_tokens=[("<start>", 1)]
        )
    return made.to_str().encode()


def folder_of(path, below="", start=True):
    (path / below).mkdir(parents=True, exist_ok=True)
    (path / below / "model.onnx").write_bytes(token_model())
    (path / "tokenizer.json").write_bytes(tokenizer_json(start))
    return path


@pytest.mark.parametrize("below", ["", "onnx"])
@pytest.mark.parametrize("pooling", ["mean", "first token"])
def test_vectors_of_tokens_become_one_as_numpy_computes(tmp_path, below, pooling):
    encoder = TextEncoder.of_folder(folder_of(tmp_path, below), pooling)
    rows = TABLE[[1, 3, 5]].astype(float)
    expected = rows.mean(axis=0) if pooling == "mean" else rows[0]
    expected /= np.linalg.norm(expected)
    again = TextEncoder.from_arrays(encoder.arrays())
    for each in (encoder, again):
        found = each.transform(["car wine", "lorry"])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_a_text_without_a_token_is_not_known(tmp_path):
    encoder = TextEncoder.of_folder(folder_of(tmp_path, start=False))
    assert encoder.knows("car")
    assert not encoder.knows(" ")
    with pytest.raises(ValueError, match="No word of ' ' is known to the encoder"):
        encoder.transform([" "])


def test_what_is_no_encoder_of_sentences_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"is no folder; expected one with model\.onnx"
    ):
        TextEncoder.of_folder(tmp_path / "none")
    with pytest.raises(ValueError, match=r"model\.onnx.* does not exist; expected an"):
        TextEncoder.of_folder(tmp_path)
    folder = folder_of(tmp_path)
    with pytest.raises(ValueError, match="must return one vector a text"):
        TextEncoder.of_folder(folder, "").transform(["car"])
    (folder / "model.onnx").write_bytes(token_model("position_ids"))
    with pytest.raises(ValueError, match="nothing else but attention_mask and token_"):
        TextEncoder.of_folder(folder).transform(["car"])
