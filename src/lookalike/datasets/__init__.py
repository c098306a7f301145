"""Where real data comes from."""

from lookalike.datasets.catalogue import CATALOGUE, DataSet, File
from lookalike.datasets.digits import load_digits_sample
from lookalike.datasets.download import get
from lookalike.datasets.images import (
    Images,
    load_fashion_mnist,
    load_images,
    load_mnist,
)
from lookalike.datasets.locate import cache_folder, checksum, data_folder, find

__all__ = [
    "CATALOGUE",
    "DataSet",
    "File",
    "Images",
    "cache_folder",
    "checksum",
    "data_folder",
    "find",
    "get",
    "load_digits_sample",
    "load_fashion_mnist",
    "load_images",
    "load_mnist",
]
