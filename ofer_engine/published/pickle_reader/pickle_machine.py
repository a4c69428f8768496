"""Read a pickle as what it says, not as what it does.

The interpreter of Python builds objects while it reads: it imports, calls, and puts state into
whatever the file names, functions and shared types included. This one has no objects to touch. A
name stays a `Name`, a call a `Call` that nobody makes, state is kept beside it; whoever knows what
a call means turns it into a value afterwards (`plain_values`, `torch_file`).
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from ...contract.sentence import Sentence


class UnsafePickle(Exception):
    """The file names something outside the allow-list, or puts state where none belongs; `args[0]`
    says what."""


class DamagedPickle(Exception):
    """The file is no complete pickle, or its objects do not add up.

    what : the end of a sentence that says so.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = Sentence(what)


@dataclass(frozen=True)
class Name:
    """A global that the file names. Nothing is imported."""

    module: str
    name: str


@dataclass(eq=False)
class Call:
    """A call that the file asks for, and what it then does to the result.

    state : what BUILD gives; items, pairs : what is appended and set.
    """

    name: Name
    arguments: tuple[Any, ...]
    state: Any = None
    items: list[Any] = field(default_factory=list)
    pairs: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Persistent:
    """A reference to something outside the pickle, as torch's to its numbers."""

    id: Any


def read(file: BinaryIO, allowed: Callable[[Name], bool]) -> Any:
    """The object of the pickle that begins here; the file stands behind it afterwards.

    Lists, dicts, sets, tuples, numbers, texts and bytes are themselves; the rest are `Name`, `Call`
    and `Persistent`. Raises UnsafePickle for a name that is not allowed, and DamagedPickle.
    """
    machine = _Machine(allowed)
    try:
        for operation, argument, _ in pickletools.genops(file):
            machine.do(operation.name, argument)
        return machine.result()
    except (LookupError, TypeError, ValueError, OverflowError, MemoryError) as cause:
        raise DamagedPickle("it ends too early or holds unknown instructions") from cause


class _Machine:
    def __init__(self, allowed: Callable[[Name], bool]) -> None:
        self._allowed = allowed
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        """One instruction. Raises LookupError, TypeError or ValueError where it cannot be."""
        if name in _PUSHED:
            self._stack.append(argument)
        elif name in _MADE:
            self._stack.append(_MADE[name]())
        elif name in _IGNORED:
            return
        else:
            _DONE[name](self, argument)

    def result(self) -> Any:
        if self._marked or len(self._stack) != 1:
            raise ValueError("objects are left over")
        return self._stack[0]

    def mark(self, _: Any) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def popped(self) -> list[Any]:
        items, self._stack = self._stack, self._marked.pop()
        return items

    def pop(self, _: Any) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._stack = self._marked.pop()

    def drop(self, _: Any) -> None:
        self.popped()

    def gather(self, kind: Callable[[list[Any]], Any]) -> None:
        items = self.popped()  # which puts another stack in place
        self._stack.append(kind(items))

    def take(self, count: int) -> None:
        if len(self._stack) < count:
            raise ValueError("too few objects")
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def get(self, number: Any) -> None:
        self._stack.append(self._memo[int(number)])

    def put(self, number: Any) -> None:
        self._memo[int(number)] = self._stack[-1]

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def name(self, argument: Any) -> None:
        module, name = argument.split(" ", 1)
        self._stack.append(self._named(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(self._named(module, name))

    def _named(self, module: Any, name: Any) -> Name:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("a name is no text")
        found = Name(module, name)
        if not self._allowed(found):
            raise UnsafePickle(f"{module}.{name}")
        return found

    def reduce(self, _: Any) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        self._call(called, arguments)

    def new_with_names(self, _: Any) -> None:
        named, arguments, called = self._stack.pop(), self._stack.pop(), self._stack.pop()
        if named != {}:
            raise ValueError("nothing that we read is made with named arguments")
        self._call(called, arguments)

    def old_instance(self, argument: Any) -> None:
        module, name = argument.split(" ", 1)
        arguments = tuple(self.popped())
        self._call(self._named(module, name), arguments)

    def old_object(self, _: Any) -> None:
        called, *arguments = self.popped()
        self._call(called, tuple(arguments))

    def _call(self, called: Any, arguments: Any) -> None:
        if not isinstance(called, Name):
            raise UnsafePickle("a call of something that has no name")
        if not isinstance(arguments, tuple):
            raise ValueError("the arguments are no tuple")
        self._stack.append(Call(called, arguments))

    def build(self, _: Any) -> None:
        state, built = self._stack.pop(), self._stack[-1]
        if not isinstance(built, Call):
            raise UnsafePickle("state for something that the file did not make")
        built.state = state

    def append(self, items: list[Any]) -> None:
        grown = self._stack[-1]
        if not isinstance(grown, list | Call):
            raise ValueError("items for something that is no list")
        (grown.items if isinstance(grown, Call) else grown).extend(items)

    def set_pairs(self, items: list[Any]) -> None:
        pairs, filled = _pairs(items), self._stack[-1]
        if isinstance(filled, Call):
            filled.pairs.extend(pairs)
        elif isinstance(filled, dict):
            filled.update(pairs)
        else:
            raise ValueError("keys for something that is no dict")

    def add(self, _: Any) -> None:
        items, grown = self.popped(), self._stack[-1]
        if not isinstance(grown, set):
            raise ValueError("items for something that is no set")
        grown.update(map(_key, items))

    def refer(self, _: Any) -> None:
        self._stack.append(Persistent(self._stack.pop()))

    def last(self, count: int) -> list[Any]:
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def refuse(self, _: Any) -> None:
        raise UnsafePickle("a number from Python's register of extensions, or a foreign buffer")

    def duplicate(self, _: Any) -> None:
        self._stack.append(self._stack[-1])


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    return [(_key(key), value) for key, value in zip(items[::2], items[1::2], strict=True)]


def _key(key: Any) -> Any:
    """Plain keys only: hashing a tuple of tuples of tuples may take for ever."""
    if not isinstance(key, str | int | float | bytes | None | Name):
        raise ValueError("a key is no text and no number")
    return key


_PUSHED: Final = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING"
    " UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8"
    " BYTEARRAY8".split()
)
"""Instructions whose argument is the object."""
_IGNORED: Final = frozenset("PROTO FRAME STOP".split())
_MADE: Final[dict[str, Callable[[], Any]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "EMPTY_TUPLE": tuple,
}
_DONE: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.drop,
    "DUP": _Machine.duplicate,
    "TUPLE": lambda machine, _: machine.gather(tuple),
    "TUPLE1": lambda machine, _: machine.take(1),
    "TUPLE2": lambda machine, _: machine.take(2),
    "TUPLE3": lambda machine, _: machine.take(3),
    "LIST": lambda machine, _: machine.gather(list),
    "DICT": lambda machine, _: machine.gather(lambda items: dict(_pairs(items))),
    "FROZENSET": lambda machine, _: machine.gather(lambda items: frozenset(map(_key, items))),
    "APPEND": lambda machine, _: machine.append(machine.last(1)),
    "APPENDS": lambda machine, _: machine.append(machine.popped()),
    "SETITEM": lambda machine, _: machine.set_pairs(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_pairs(machine.popped()),
    "ADDITEMS": _Machine.add,
    "GET": _Machine.get,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.new_with_names,
    "INST": _Machine.old_instance,
    "OBJ": _Machine.old_object,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.refer,
    "PERSID": lambda machine, argument: machine._stack.append(Persistent(argument)),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"), _Machine.refuse),
}
