"""Every loop of the flow that calls a system goes through `each` or `halved`, or says why not.

The syntax trees of the flow's package are walked: a loop whose body calls a method of one of the
two hooks, itself or through functions of the package, lets one sick item end it for all others.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FLOW = Path(__file__).parents[3] / "plugins" / "fulfilment" / "flow"
PACKAGE = "fulfilment.flow"
GUARDS = {"each", "halved", "in_groups", "side_by_side"}
SYSTEMS = {"plenty", "wemalo"}
#: builtins that are a loop over their first argument
MAPPERS = {"map", "filter"}
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

#: (module, function) -> why its loop needs no guard: it goes over no items
ALLOWED: Mapping[tuple[str, str], str] = {
    ("changes.find", "_shown"): "the clients of a system, each one search",
    ("changes.cancelled", "look_for_cancelled"): "the merchant's files in force, each one search",
    ("tasks.load", "_send_due"): "slices of the due; what reads one is given to `halved`",
    ("orders.as_shown_now", "rows_now"): "what one search omits, in a batch that `halved` splits",
    ("tasks.skips", "tasks_to_skip"): "two tasks, each by one list; what fails is left to its task",
    ("tasks.writeback", "_put_back"): "slices, each written by `each`",
    ("tasks.writeback", "_write_statuses"): "slices, each read and written by `halved` or `each`",
    ("tasks.writeback", "write_back"): "checks of the history, each one list",
    ("replay.window", "_orders"): "the two times of a window, each one search",
    ("replay.window", "replay"): "pages of parcels of the window",
    ("shadow.compare", "compare_days"): "days, each read by lists; one that fails comes later",
    ("stock.absolute", "_write"): "batches, each sent by `halved` and read back by one list",
    ("stock.book", "send"): "batches, each sent by `halved` between two readings of the journal",
    ("stock.book", "settle_interrupted"): "readings of the journal, one per batch in doubt",
    ("stock.measure", "read_wemalo"): "wemalo's four queues of postings, each read as a whole",
}


@dataclass(slots=True)
class Function:
    """One function: where it stands, and what the names in it mean."""

    module: str
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    outer: Function | None = None
    inner: dict[str, Function] = field(default_factory=dict)


@dataclass(slots=True)
class Package:
    """All functions of some modules, and the names that each module imports from the others."""

    functions: dict[tuple[str, str], Function] = field(default_factory=dict)
    top: dict[str, dict[str, Function]] = field(default_factory=dict)
    imports: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    reaching: dict[tuple[str, str], bool] = field(default_factory=dict)

    def add(self, module: str, source: str) -> None:
        """Take in one module by its dotted name."""
        tree = ast.parse(source)
        self.top[module] = {}
        self.imports[module] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    own = name.asname or name.name
                    self.imports[module][own] = (node.module, name.name)
        self._collect(module, tree, None, "")

    def _collect(self, module: str, node: ast.AST, outer: Function | None, path: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                one = Function(module, f"{path}{child.name}", child, outer)
                self.functions[module, one.name] = one
                (outer.inner if outer else self.top[module]).setdefault(child.name, one)
                self._collect(module, child, one, f"{one.name}.")
            elif isinstance(child, ast.ClassDef):
                self._collect(module, child, outer, f"{path}{child.name}.")
            else:
                self._collect(module, child, outer, path)

    def meant(self, node: ast.AST, where: Function) -> Function | None:
        """Return the function of the package that a name or an attribute stands for."""
        if isinstance(node, ast.Name):
            scope: Function | None = where
            while scope is not None:
                if node.id in scope.inner:
                    return scope.inner[node.id]
                scope = scope.outer
            found = self.top[where.module].get(node.id)
            module, name = self.imports[where.module].get(node.id, ("", ""))
            return found or self.top.get(module, {}).get(name)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = self.imports[where.module].get(node.value.id, ("", ""))
            return self.top.get(f"{module}.{name}", {}).get(node.attr)
        return None

    def reaches(self, one: Function) -> bool:
        """Say whether a function calls a system outside of a guard, itself or through others."""
        key = (one.module, one.name)
        if key not in self.reaching:
            self.reaching[key] = False  # a function that calls itself
            self.reaching[key] = self.calls(one.node.body, one)
        return self.reaching[key]

    def calls(self, nodes: list[ast.AST] | list[ast.stmt], where: Function) -> bool:
        """Say whether code calls a system outside of a guard."""
        return any(
            _is_call_of_a_system(node) or ((found := self.meant(node, where)) is not None
                                           and self.reaches(found))
            for node in unguarded(nodes)
        )  # fmt: skip

    def unguarded_loops(self) -> Iterator[tuple[str, str]]:
        """Yield module and function of every loop that calls a system without a guard."""
        for (module, name), one in self.functions.items():
            for node in unguarded(list(one.node.body)):
                body = loop_body(node)
                if body and self.calls(body, one):
                    yield module, name
                    break


def unguarded(nodes: list[ast.AST] | list[ast.stmt]) -> Iterator[ast.AST]:
    """Walk code, but neither into what a guard is given nor into functions defined in it."""
    stack: list[ast.AST] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, FUNCTIONS):
            continue
        yield node
        if isinstance(node, ast.Call) and _name_of(node.func) in GUARDS:
            stack.append(node.func)
            continue
        stack.extend(ast.iter_child_nodes(node))


def loop_body(node: ast.AST) -> list[ast.AST]:
    """Return what a loop does again and again; the list it goes over is made once."""
    if isinstance(node, ast.While):
        return [node.test, *node.body]
    if isinstance(node, LOOPS):
        return [*node.body]
    if isinstance(node, COMPREHENSIONS):
        first, *others = node.generators
        made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        return [*made, *first.ifs, *others]
    if isinstance(node, ast.Call) and _name_of(node.func) in MAPPERS and node.args:
        return [node.args[0]]
    return []


def _name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _is_call_of_a_system(node: ast.AST) -> bool:
    """Say whether a node is a method of a hook: ``work.plenty.x``, but not ``merchant.plenty``."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in SYSTEMS
        and not (
            isinstance(node.value.value, ast.Attribute) and node.value.value.attr == "merchant"
        )
        and not (isinstance(node.value.value, ast.Name) and node.value.value.id == "merchant")
    )


def the_flow() -> Package:
    package = Package()
    for path in sorted(FLOW.rglob("*.py")):
        dotted = ".".join(path.relative_to(FLOW).with_suffix("").parts)
        package.add(f"{PACKAGE}.{dotted}", path.read_text(encoding="utf-8"))
    return package


def in_made_up(source: str) -> list[str]:
    package = Package()
    package.add(f"{PACKAGE}.other", "def send(work, row):\n    work.wemalo.add(row)\n")
    package.add(f"{PACKAGE}.made_up", source)
    return [name for _, name in package.unguarded_loops()]


def test_every_loop_that_calls_a_system_is_guarded_or_has_a_reason() -> None:
    found = {(m.removeprefix(f"{PACKAGE}."), f) for m, f in the_flow().unguarded_loops()}
    assert sorted(found - ALLOWED.keys()) == []


def test_every_reason_still_has_its_loop() -> None:
    found = {(m.removeprefix(f"{PACKAGE}."), f) for m, f in the_flow().unguarded_loops()}
    assert sorted(ALLOWED.keys() - found) == []


def test_a_loop_that_calls_a_system_itself_is_found() -> None:
    for loop in (
        "    for row in rows:\n        work.plenty.set_status(row, 5)\n",
        "    while rows:\n        work.plenty.set_status(rows.pop(), 5)\n",
        "    return [work.wemalo.status(row) for row in rows]\n",
        "    return {row: x for row in rows if (x := work.wemalo.status(row))}\n",
        "    return list(map(work.wemalo.status, rows))\n",
        "    for row in rows:\n        try:\n            work.wemalo.add(row)\n"
        "        except ValueError:\n            pass\n",
    ):
        assert in_made_up(f"def one(work, rows):\n{loop}") == ["one"], loop


def test_a_loop_that_calls_a_system_through_functions_is_found() -> None:
    imported = "from fulfilment.flow.other import send\n"
    module = "from fulfilment.flow import other\n"
    inner = "    def do(row):\n        send(work, row)\n"
    loop = "    for row in rows:\n"
    for head, body in (
        (imported, f"{loop}        send(work, row)\n"),
        (module, f"{loop}        other.send(work, row)\n"),
        (imported, f"{inner}{loop}        do(row)\n"),
        (imported, f"{loop}        call = partial(send, work)\n        call(row)\n"),
    ):
        assert in_made_up(f"{head}def one(work, rows):\n{body}") == ["one"], body


def test_a_guarded_loop_and_one_that_calls_nobody_are_left_alone() -> None:
    head = "from fulfilment.flow.other import send\n"
    for body in (
        "    each(work, 'status', rows, lambda row: work.plenty.set_status(row, 5))\n",
        "    for some in slices(rows):\n        halved(work, 'status', some, send)\n",
        "    def do(row):\n        send(work, row)\n    for some in slices(rows):\n"
        "        each(work, 'status', some, do)\n",
        "    for row in work.wemalo.sent_queue():\n        keep(row)\n",
        "    return [row for row in work.wemalo.sent_queue() if row.id != merchant.wemalo.shop]\n",
    ):
        assert in_made_up(f"{head}def one(work, rows):\n{body}") == [], body
