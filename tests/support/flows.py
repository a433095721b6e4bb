"""Which columns the values of a SELECT's columns come from, by its text alone.

A value comes from a column if it is that column's, holds it, or is reckoned from it. It does not if it only says how many
there are, whether there is one, how one compares with something, or in which order they stand: so conditions, counts and the
keys of joins and groups are none of it. What is not understood counts as made of all that stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

Columns = frozenset[str]
Flows = Mapping[str, Mapping[str, Columns]]
"""By table and column, what its values come from, as ``table.column``."""
NONE: Columns = frozenset()
SAYS_NOTHING = (exp.Predicate, exp.Count, exp.CountIf, exp.RowNumber)
"""What tells no value: comparisons, whether there is one, and how many or at which place."""


def parsed(text: str, dialect: str, values: Mapping[str, str] | None = None) -> exp.Expr:
    """Return a SELECT, in which tables have the names of their files, and raw ones ``schema.table``.

    Args:
        text: The SELECT.
        dialect: Its SQL, by sqlglot's name.
        values: What stands for some of its ``$name``.
    """
    tree = parse_one(text, read=dialect)
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            name = f"{table.db}.{table.name}" if table.db in ("pylon", "zaia") else table.name
            alias = table.alias or table.name
            table.replace(exp.alias_(exp.Table(this=exp.to_identifier(name, quoted=True)), alias, table=True))
    for case in list(tree.find_all(exp.Case)):
        if isinstance(case.this, exp.Placeholder | exp.Parameter) and (
            given := (values or {}).get(case.this.name)
        ):
            chosen = [each.args["true"] for each in case.args["ifs"] if each.this.name == given]
            case.replace(chosen[0] if chosen else case.args["default"])
    return tree


def tables(tree: exp.Expr) -> frozenset[str]:
    """Return what the tables of a SELECT are called, those of its WITH included."""
    return frozenset(table.name for table in tree.find_all(exp.Table))


def columns(tree: exp.Expr, known: Flows, dialect: str) -> dict[str, Columns]:
    """Return what each column of a SELECT is made of.

    Args:
        tree: The SELECT; it is changed.
        known: The same of the tables that it reads.
        dialect: Its SQL, by sqlglot's name.
    """
    schema = {f'"{table}"': dict.fromkeys(names, "text") for table, names in known.items()}
    scope = build_scope(
        qualify(tree, schema=schema, dialect=dialect, infer_schema=False, quote_identifiers=False)
    )
    assert scope is not None
    return dict(_Reading(known).columns(scope))


@dataclass
class _Reading:
    known: Flows
    found: dict[int, list[tuple[str, Columns]]] = field(default_factory=dict)

    def columns(self, scope: Scope) -> list[tuple[str, Columns]]:
        if id(scope) not in self.found:
            if isinstance(scope.expression, exp.SetOperation):
                one, other = (self.columns(each) for each in scope.set_operation_scopes)
                both = [(name, a | b) for (name, a), (_, b) in zip(one, other, strict=True)]
                self.found[id(scope)] = both
            else:
                picked = scope.expression.expressions
                self.found[id(scope)] = [(each.alias_or_name, self.of(each, scope)) for each in picked]
        return self.found[id(scope)]

    def of(self, node: exp.Expr, scope: Scope) -> Columns:
        if isinstance(node, exp.Column):
            source = scope.sources[node.table]
            there = dict(self.columns(source)) if isinstance(source, Scope) else self.known[source.name]
            return there[node.name]
        if isinstance(node, SAYS_NOTHING):
            return NONE
        if isinstance(node, exp.Subquery | exp.Query):
            (inner,) = (each for each in scope.subquery_scopes if each.expression is node.unnest())
            return _all(told for _, told in self.columns(inner))
        return _all(self.of(part, scope) for part in _parts(node))


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the parts of an expression whose values go into its own."""
    names = set(node.args)
    if isinstance(node, exp.If):
        names = {"true", "false"}
    elif isinstance(node, exp.Window | exp.Filter | exp.Order) and not isinstance(
        node.parent, exp.WithinGroup
    ):
        names = {"this"}  # neither the frame, nor the condition, nor what puts rows in order
    for name in sorted(names):
        part = node.args.get(name)
        yield from (
            each for each in (part if isinstance(part, list) else [part]) if isinstance(each, exp.Expr)
        )


def _all(parts: Iterator[Columns]) -> Columns:
    return reduce(frozenset.union, parts, NONE)
