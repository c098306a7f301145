"""Small faults that somebody could have made, one in a module at a time.

A fault changes one node of the syntax tree: a comparison, a sign, a number, a
condition, two arguments that change places, an option that is not passed on, a
statement that is missing. What is no behaviour (docstrings, annotations, messages of
errors, decorators) is left as it is.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

_OTHERS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
"""What takes the place of each operator."""
_LEFT_OUT = (ast.Raise, ast.Import, ast.ImportFrom, ast.Assert)
"""Statements without faults: messages of errors, and names."""


@dataclass(frozen=True)
class Fault:
    """A fault of a module.

    line : of the node that is changed
    kind : what is done to it
    at : the number of the fault in the module, as ``faults_of`` counts them
    """

    line: int
    kind: str
    at: int


def faults_of(source: str) -> list[Fault]:
    r"""Return every fault that a module can have.

    Examples
    --------
    >>> [(f.line, f.kind) for f in faults_of("def f(a):\\n    return a < 1")]
    [(2, 'None is returned'), (2, '< becomes <='), (2, '1 becomes 2')]
    """
    return [
        Fault(line, kind, at)
        for at, (line, kind, _) in enumerate(_changes(ast.parse(source)))
    ]


def with_fault(source: str, at: int) -> str:
    r"""Return the module with one fault.

    Examples
    --------
    >>> print(with_fault("def f(a):\\n    return a < 1", 2))
    def f(a):
        return a < 2
    """
    tree = ast.parse(source)
    for number, (_, _, change) in enumerate(_changes(tree)):
        if number == at:
            change()
            break
    return ast.unparse(ast.fix_missing_locations(tree))


def sample(
    sources: dict[str, str], n: int, random_state: int = 0
) -> list[tuple[str, Fault]]:
    """Draw n faults of modules by name: each module as often as it has lines of them.

    All faults of a line are as likely together as those of another line, so that long
    formulas do not take all the draws.
    """
    rng = np.random.default_rng(random_state)
    lines: list[tuple[str, list[Fault]]] = []
    for name, source in sorted(sources.items()):
        by_line: dict[int, list[Fault]] = {}
        for fault in faults_of(source):
            by_line.setdefault(fault.line, []).append(fault)
        lines += [(name, found) for found in by_line.values()]
    drawn = rng.permutation(len(lines))[:n]
    return [
        (lines[at][0], lines[at][1][rng.integers(len(lines[at][1]))]) for at in drawn
    ]


def _changes(tree: ast.Module) -> Iterator[tuple[int, str, Callable[[], None]]]:
    """Yield line, kind and what makes the fault, in the order of the tree."""
    for node in _behaviour(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                other = _OTHERS[type(operator)]()
                yield (
                    line,
                    f"{_sign(operator)} becomes {_sign(other)}",
                    partial(node.ops.__setitem__, at, other),
                )
        elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in _OTHERS:
            other = _OTHERS[type(node.op)]()
            kind = f"{_sign(node.op)} becomes {_sign(other)}"
            yield line, kind, partial(setattr, node, "op", other)
        elif isinstance(node, ast.Constant):
            yield from _of_constant(node)
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            test = ast.UnaryOp(ast.Not(), copy.deepcopy(node.test))
            kind = "the condition is turned round"
            yield line, kind, partial(setattr, node, "test", test)
        elif isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Return) and not _is_none(node.value):
            nothing = ast.Constant(None)
            kind = "None is returned"
            yield line, kind, partial(setattr, node, "value", nothing)
        elif isinstance(node, ast.AugAssign) and type(node.op) in _OTHERS:
            other = _OTHERS[type(node.op)]()
            kind = f"{_sign(node.op)}= becomes {_sign(other)}="
            yield line, kind, partial(setattr, node, "op", other)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            nothing = ast.Constant(None)
            kind = "the statement is missing"
            yield line, kind, partial(setattr, node, "value", nothing)


def _of_constant(
    node: ast.Constant,
) -> Iterator[tuple[int, str, Callable[[], None]]]:
    if isinstance(node.value, bool):
        other: object = not node.value
    elif isinstance(node.value, int | float):
        other = node.value + 1
    else:
        return
    kind = f"{node.value} becomes {other}"
    yield node.lineno, kind, partial(setattr, node, "value", other)


def _of_call(node: ast.Call) -> Iterator[tuple[int, str, Callable[[], None]]]:
    plain = [each for each in node.args if not isinstance(each, ast.Starred)]
    if len(plain) >= 2 and plain == node.args:
        turned = [node.args[1], node.args[0], *node.args[2:]]
        if ast.dump(turned[0]) != ast.dump(turned[1]):
            kind = "two arguments change places"
            yield node.lineno, kind, partial(setattr, node, "args", turned)
    for at, keyword in enumerate(node.keywords):
        if keyword.arg:
            rest = node.keywords[:at] + node.keywords[at + 1 :]
            kind = f"{keyword.arg} is not passed"
            yield node.lineno, kind, partial(setattr, node, "keywords", rest)


def _behaviour(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes of functions, without annotations, decorators, errors and docstrings."""
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _behaviour(child)
        elif inside and child in getattr(node, "body", ()):
            yield from _nodes(child)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _LEFT_OUT):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from _behaviour(node)
        return
    if isinstance(node, ast.JoinedStr):
        return  # what is said
    yield node
    left_out = node.annotation if isinstance(node, ast.AnnAssign) else None
    for child in ast.iter_child_nodes(node):
        if child is not left_out:
            yield from _nodes(child)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _sign(operator: ast.AST) -> str:
    """How an operator is written."""
    names = {"and": ast.And, "or": ast.Or, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt}
    names |= {">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq, "in": ast.In}
    names |= {"not in": ast.NotIn, "is": ast.Is, "is not": ast.IsNot, "+": ast.Add}
    names |= {"-": ast.Sub, "*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv}
    return next(sign for sign, kind in names.items() if type(operator) is kind)
