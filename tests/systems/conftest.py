"""A test of one system takes the system of its folder, made of ``small.py`` once."""

import pytest


@pytest.fixture(scope="module")
def made(request, small):
    """The system of the folder that the test lies in."""
    return small(request.path.parent.name)


@pytest.fixture(scope="module")
def data(made):
    """The data it learned from and is tested on."""
    return made.data


@pytest.fixture(scope="module")
def system(made):
    """The fitted system: it is for all tests, and must stay as it is."""
    return made.system


@pytest.fixture(scope="module")
def result(made):
    """The result of evaluating it."""
    return made.result


@pytest.fixture(scope="module")
def saved(made):
    """The folder of the generation that holds both."""
    return made.folder
