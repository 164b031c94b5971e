"""Small faults to plant in a module, one at a time, on its syntax tree.

Planted are faults of logic: comparisons, arithmetic, conditions, numbers, returned values, calls
left out. Left alone is what is no logic: annotations, docstrings, decorators, messages of errors,
imports for the type checker, and text that people read.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_PASSED_OVER = (ast.Import, ast.ImportFrom, ast.Raise, ast.JoinedStr, ast.Global)
_CHANGED_THEMSELVES = (ast.Compare, ast.BoolOp, ast.UnaryOp)
_TEXT = frozenset({"__slots__", "considerations", "clears_when", "concept", "slug", "section"})


_Path = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Mutant:
    """One fault in a module: its line, what stood there and what stands there now."""

    line: int
    before: str
    after: str
    _original: str
    _path: _Path
    _changed: ast.AST

    @property
    def source(self) -> str:
        """Return the whole text of the module with the fault in it."""
        tree = ast.parse(self._original)
        _put(tree, self._path, self._changed)
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its text."""
    tree = ast.parse(source)
    return [
        Mutant(
            getattr(original, "lineno", 0),
            ast.unparse(original).splitlines()[0],
            ast.unparse(changed).splitlines()[0],
            source,
            path,
            changed,
        )
        for path in _places(tree)
        for original in [_at(tree, path)]
        for changed in _changes(original)
    ]


def _places(tree: ast.Module) -> Iterator[_Path]:
    """Yield the paths of all nodes where a fault may be planted."""
    stack: list[tuple[ast.AST, _Path]] = [(tree, ())]
    while stack:
        node, path = stack.pop()
        if path:
            yield path
        inner = []
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_params"}:
                continue
            values = value if isinstance(value, list) else [value]
            for place, child in enumerate(values):
                if isinstance(child, ast.AST) and not _is_left_alone(child, node, name):
                    step = (name, place if isinstance(value, list) else None)
                    inner.append((child, (*path, step)))
        stack += reversed(inner)


def _is_left_alone(node: ast.AST, parent: ast.AST, field: str) -> bool:
    if isinstance(node, _PASSED_OVER):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if field == "bases" or (isinstance(parent, ast.keyword) and field == "arg"):
        return True
    return bool(_TEXT & _assigned(node))


def _assigned(node: ast.AST) -> set[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in place of a node."""
    yield from _other_values(node)
    yield from _other_ways(node)


def _other_values(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, [operator], [right]):
            yield ast.Compare(left, [_COMPARISONS[type(operator)]()], [right])
        case ast.BinOp(left, operator, right) if type(operator) in _ARITHMETIC:
            yield ast.BinOp(left, _ARITHMETIC[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)


def _other_ways(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.AugAssign(target, operator, value) if type(operator) in _ARITHMETIC:
            yield ast.AugAssign(target, _ARITHMETIC[type(operator)](), value)
        case ast.Return(value) if value is not None and not _is_plain(value):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(ast.Call()) | ast.Delete():
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()
        case ast.If(test, body, orelse) | ast.While(test, body, orelse) if not isinstance(
            test, _CHANGED_THEMSELVES
        ):
            yield type(node)(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)


def _is_plain(node: ast.expr) -> bool:
    """Tell whether a value is None or false already: another nothing is no fault."""
    return isinstance(node, ast.Constant) and not node.value


def _at(tree: ast.AST, path: _Path) -> ast.AST:
    node = tree
    for name, place in path:
        value = getattr(node, name)
        node = value if place is None else value[place]
    return node


def _put(tree: ast.AST, path: _Path, changed: ast.AST) -> None:
    parent = _at(tree, path[:-1])
    name, place = path[-1]
    if place is None:
        setattr(parent, name, changed)
    else:
        getattr(parent, name)[place] = changed
