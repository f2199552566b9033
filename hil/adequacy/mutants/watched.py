"""Which tests could find a mutant: those in which the slip makes a difference inside the phone.

All drawn slips are watched in one run of the sound phone. Wherever an expression with a slip is
evaluated, both are, one after the other in the same state, and the test is noted if the values
differ (or one raises). If they never differ in a test, the phone with the slip does there exactly what
the sound one does, so that test cannot find it. What cannot be evaluated twice, since it changes
something or is no expression, is noted when it is reached. Of what is noted, `wholes` tells what comes
of it.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from hil.adequacy.mutants.schemata import install
from hil.adequacy.mutants.sites import Mutant
from hil.adequacy.mutants.source import Function, Source
from hil.adequacy.mutants.wholes import CHANGING, Whole, asking, can_be_called_twice

_TELL = "__hil_tell__"
_DIFFER = "__hil_differ__"
_WHOLE = "__hil_whole__"
MOST_TRIES = 40
"""How often in a test a function is called again with a slip that changed nothing so far."""


class Watch:
    """Notes which mutants, by their places in a list, were reached, and which made a difference.

    ``seen``: to the value of an expression. ``told``: to what their function returns, or may do.
    """

    def __init__(self) -> None:
        self.reached: set[int] = set()
        self.seen: set[int] = set()
        self.told: set[int] = set()
        self._tries: Counter[int] = Counter()
        self._wholes: list[Whole] = []
        self._in_parts: set[int] = set()
        self._here: set[int] = set()
        self._comparing = False

    def forget(self) -> None:
        """Begin anew."""
        for each in (self.reached, self.seen, self.told, self._tries):
            each.clear()

    def takes_whole(self, whole: Whole) -> int:
        """Have a function called again when slips made a difference in it; its number."""
        self._wholes.append(whole)
        return len(self._wholes) - 1

    def takes_in_parts(self, places: Iterable[int]) -> None:
        """What differs in a function that cannot be called twice may do anything."""
        self._in_parts.update(places)

    def tell(self, place: int) -> bool:
        """The mutant has been reached and may make any difference."""
        if not self._comparing:
            self.reached.add(place)
            self._note(place)
        return True

    def _note(self, place: int) -> None:
        self.seen.add(place)
        self._here.add(place)
        if place in self._in_parts:
            self.told.add(place)

    def _is_done(self, place: int) -> bool:
        return place in self.told or self._tries[place] >= MOST_TRIES

    def whole(self, number: int, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call the function; if slips made a difference in it, again with each of them."""
        function = self._wholes[number]
        if self._comparing:
            return function.plain(*args, **named)
        around, self._here = self._here, set()
        raised: Exception | None = None
        value: object = None
        try:
            value = function.watched(*args, **named)
        except Exception as error:  # noqa: BLE001 - raised again below
            raised = error
        here, self._here = self._here, around
        self._comparing = True
        try:
            for place in here:
                if place in function and not self._is_done(place):
                    self._tries[place] += 1
                    if self._differs(raised, value, partial(function.slip(place), *args, **named)):
                        self.told.add(place)
        finally:
            self._comparing = False
        # What a function left behind to be called later did not differ within one.
        self._here |= {place for place in here if place not in function}
        if raised is not None:
            raise raised
        return value

    def differ(
        self, sound: Callable[[], Any], others: Sequence[tuple[int, Callable[[], Any]]]
    ) -> Any:
        """The sound value, after looking which of the others differ from it."""
        if self._comparing:
            return sound()
        raised: Exception | None = None
        value: object = None
        try:
            value = sound()
        except Exception as error:  # noqa: BLE001 - raised again below
            raised = error
        self._comparing = True
        try:
            for place, other in others:
                self.reached.add(place)
                if not self._is_done(place) and self._differs(raised, value, other):
                    self._note(place)
        finally:
            self._comparing = False
        if raised is not None:
            raise raised
        return value

    @staticmethod
    def _differs(raised: Exception | None, value: object, other: Callable[[], object]) -> bool:
        try:
            changed = other()
            if raised is not None:
                return True
            return type(changed) is not type(value) or bool(changed != value)
        except Exception as error:  # noqa: BLE001 - that it raises is what is asked
            return raised is None or repr(error) != repr(raised)


class Watching:
    """The observer of a job: what made a difference in each test, as MessagePack."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def before(self, test: str) -> None:
        """Begin anew."""
        del test
        self._watch.forget()

    def after(self, test: str) -> bytes:
        """The places of the mutants that were reached, of those that made a difference, and how."""
        del test
        watch = self._watch
        return msgspec.msgpack.encode(
            (sorted(watch.reached), sorted(watch.seen), sorted(watch.told))
        )


def told(data: bytes) -> tuple[list[int], list[int], list[int]]:
    """What `Watching.after` sent: the mutants reached, those that made a difference, and `told`."""
    return msgspec.msgpack.decode(data, type=tuple[list[int], list[int], list[int]])


def watching(mutants: Sequence[Mutant]) -> Callable[[pytest.Config], Watching]:
    """What prepares a sound phone in which all these slips are watched."""

    def prepare(config: pytest.Config) -> Watching:
        del config
        watch = Watch()
        watch_all(mutants, watch)
        return Watching(watch)

    return prepare


def watch_all(mutants: Sequence[Mutant], watch: Watch) -> None:
    """Have each slip watched inside the phone, for the rest of the process."""
    modules: dict[str, Source] = {}
    drawn: dict[str, dict[str, list[tuple[int, Mutant]]]] = {}
    for place, mutant in enumerate(mutants):
        modules[mutant.module] = mutant.function.module
        functions = drawn.setdefault(mutant.module, {})
        functions.setdefault(mutant.function.name, []).append((place, mutant))
    for name, functions in drawn.items():
        vars(modules[name].live)[_TELL] = watch.tell
        vars(modules[name].live)[_DIFFER] = watch.differ
        vars(modules[name].live)[_WHOLE] = watch.whole
        phones: dict[Function, ast.FunctionDef] = {}
        for placed in functions.values():
            function = placed[0][1].function
            phones[function] = instrumented(function.node, placed)
            if can_be_called_twice(function):
                whole = Whole(function, phones[function], dict(placed))
                phones[function] = asking(function, _WHOLE, watch.takes_whole(whole))
            else:
                watch.takes_in_parts(place for place, _ in placed)
        install(modules[name], phones)


def instrumented(
    function: ast.FunctionDef, mutants: Iterable[tuple[int, Mutant]]
) -> ast.FunctionDef:
    """The function with every slip watched; it does what it did before."""
    at: dict[int, list[tuple[int, ast.AST]]] = {}
    for place, mutant in mutants:
        old, new = mutant.edit.pairs[0]
        # Of two things that change places only the first is watched, for being reached.
        at.setdefault(id(old), []).append((place, new if len(mutant.edit.pairs) == 1 else old))
    fresh = copy.copy(function)
    fresh.body = list(_Instrument(at).block(function.body))
    return fresh


class _Instrument:
    """Rebuilds a tree with watches around the nodes that have slips."""

    def __init__(self, at: dict[int, list[tuple[int, ast.AST]]]) -> None:
        self._at = at
        self._once: set[int] = set()

    def block(self, values: Sequence[Any]) -> Iterator[Any]:
        """Copies of what a list of a tree has, statements with watches before them."""
        for value in values:
            if not isinstance(value, ast.AST):
                yield value
                continue
            if isinstance(value, ast.stmt):
                for place, _ in self._at.get(id(value), ()):
                    yield ast.Expr(_tell(place))
            yield self._copy(value)

    def _copy(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Expr):
            # Whose value nobody takes is called for what it changes.
            self._once.add(id(node.value))
        fresh = copy.copy(node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                setattr(fresh, name, self._copy(value))
            elif isinstance(value, list):
                setattr(fresh, name, list(self.block(value)))
        slips = self._at.get(id(node), [])
        if not slips:
            return fresh
        match fresh:
            case ast.match_case(guard=guard):
                tells = ast.BoolOp(ast.And(), [_tell(place) for place, _ in slips])
                told = tells if len(slips) > 1 else tells.values[0]
                fresh.guard = told if guard is None else ast.BoolOp(ast.And(), [told, guard])
            case ast.Starred(value):
                fresh.value = self._watched(node, value, slips)
            case ast.expr():
                return self._watched(node, fresh, slips)
        return fresh

    def _watched(
        self, node: ast.AST, fresh: ast.expr, slips: Sequence[tuple[int, ast.AST]]
    ) -> ast.expr:
        twice: list[ast.expr] = []
        for place, other in slips:
            again = other is not node and id(node) not in self._once
            if again and isinstance(other, ast.expr) and repeatable(node) and repeatable(other):
                twice.append(ast.Tuple([ast.Constant(place), _thunk(other)], ast.Load()))
            else:
                both = ast.Tuple([_tell(place), fresh], ast.Load())
                fresh = ast.Subscript(both, ast.Constant(1), ast.Load())
        if not twice:
            return fresh
        differ = ast.Name(_DIFFER, ast.Load())
        return ast.Call(differ, [_thunk(fresh), ast.Tuple(twice, ast.Load())], [])


def repeatable(node: ast.AST) -> bool:
    """Whether an expression can be evaluated again and changes nothing by it."""
    if isinstance(node, ast.GeneratorExp | ast.Starred):
        return False
    for each in ast.walk(node):
        match each:
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                return False
            case ast.Call(ast.Name("next" | "iter" | "super")):
                return False
            case ast.Call(ast.Attribute(ast.Name("self"))):
                return False
            case ast.Call(ast.Attribute(attr=name)) if name in CHANGING:
                return False
    return True


def _thunk(body: ast.expr) -> ast.Lambda:
    none = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(none, body)


def _tell(place: int) -> ast.expr:
    return ast.Call(ast.Name(_TELL, ast.Load()), [ast.Constant(place)], [])
