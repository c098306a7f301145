"""The layers of networks: each with ``forward`` and ``backward``, one a file."""

from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers.activations import Identity, ReLU, Sigmoid, Tanh
from lookalike.learn.layers.conv1d import Conv1D
from lookalike.learn.layers.conv2d import Conv2D
from lookalike.learn.layers.dense import Dense
from lookalike.learn.layers.depthwise_conv2d import DepthwiseConv2D
from lookalike.learn.layers.dropout import Dropout
from lookalike.learn.layers.embedding import Embedding
from lookalike.learn.layers.flatten import Flatten
from lookalike.learn.layers.gru import GRU
from lookalike.learn.layers.max_pool2d import MaxPool2D
from lookalike.learn.layers.rnn import RNN
from lookalike.learn.layers.sequential import Sequential

__all__ = [
    "GRU",
    "RNN",
    "Conv1D",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "Layer",
    "MaxPool2D",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
]
