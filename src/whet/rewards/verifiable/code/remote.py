"""Objects of the other side of a test's wire.  Stdlib only: the text runs in the sandbox."""

import operator
from typing import Any, ClassVar

_BINARY = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift")
_BITS = ("and", "or", "xor")  # whose names in `operator` end in an underscore
_ALONE = ("abs", "neg", "pos", "invert", "index")
_COMPARED = ("lt", "le", "gt", "ge")
_RELATED = (*_COMPARED, "eq", "ne")
_NUMBERS = ("int", "float", "complex", "round", "reversed")
OPERATORS = (  # what one side may ask of the other's objects, by the names of `operator`
    *_BINARY,
    *(f"{name}_" for name in _BITS),
    *_ALONE,
    *_RELATED,
    *("getitem", "setitem", "delitem", "contains"),
)
_TOLD = ("__name__", "__qualname__", "__doc__")


class Remote:
    """An object of the other side.

    Attributes, items, calls, iteration, length and text are the other side's.  Operators and
    comparisons are asked for only where an operand is *made*: constructed by the test from a class
    of the program, whose name begins with a capital letter and whose objects the test uses as such,
    or the result of an operator on such objects.  Two objects of the program may be compared with
    each other.  Any other object has no operators and equals itself only, whatever it says of
    itself: a function that is asked for a number can't return something that equals all numbers.
    """

    trusting: ClassVar[bool] = False  # whether all objects count as made: the program's side

    def __init__(self, link: Any, number: int, kind: "type | None") -> None:
        self.__dict__.update(_far=(link, number), _kind=kind, _made=self.trusting, _makes=False)

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.__dict__["_kind"] or Remote

    def _ask(self, verb: str, name: str, *words: Any, **named: Any) -> Any:
        link, number = self._far
        return link.ask(verb, number, name, words, named)

    def _operated(self, name: str, *words: Any) -> Any:
        distant = [word for word in words if type(word) is Remote]
        alike = name in _RELATED and len(distant) == len(words)
        if not alike and not any(word._made for word in distant):
            return NotImplemented
        found = self._ask("op", name, *words)
        if type(found) is Remote:
            found.__dict__["_made"] = True
        return found

    def __call__(self, *words: Any, **named: Any) -> Any:
        found = self._ask("call", "", *words, **named)
        if self._makes and type(found) is Remote:
            found.__dict__["_made"] = True
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _TOLD:
            raise AttributeError(name)
        return self._ask("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name, value)

    def __delattr__(self, name: str) -> None:
        self._ask("del", name)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("op", "getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("op", "setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        self._ask("op", "delitem", self, key)

    def __iter__(self) -> Any:
        return self._ask("built", "iter", self)

    def __next__(self) -> Any:
        return self._ask("built", "next", self)

    def __len__(self) -> int:
        return self._ask("built", "len", self)

    def __str__(self) -> str:
        return self._ask("built", "str", self)

    def __repr__(self) -> str:
        return self._ask("built", "repr", self)

    def __format__(self, form: str) -> str:
        return self._ask("built", "format", self, form)

    def __enter__(self) -> Any:
        return self._ask("get", "__enter__")()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        kinds = [k.__name__ for k in kind.__mro__] if kind else []
        return self._ask("exit", "", kinds, str(error)) is True

    def __contains__(self, value: Any) -> bool:
        if self._made:
            return self._ask("op", "contains", self, value) is True
        return any(one is value or one == value for one in self)

    def __bool__(self) -> bool:
        return not self._made or self._ask("built", "bool", self) is True

    def __hash__(self) -> int:
        return self._ask("built", "hash", self) if self._made else self._far[1]

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        found = self._operated("eq", self, other)
        return found if type(found) is bool else NotImplemented

    def __ne__(self, other: object) -> bool:
        if other is self:
            return False
        found = self._operated("ne", self, other)
        return found if type(found) is bool else NotImplemented

    def __instancecheck__(self, thing: Any) -> bool:
        return type(thing) is Remote and self._ask("built", "isinstance", thing, self) is True

    def __subclasscheck__(self, thing: Any) -> bool:
        return type(thing) is Remote and self._ask("built", "issubclass", thing, self) is True


def _binary(name: str) -> "tuple[Any, Any]":
    def plain(self: Remote, other: Any) -> Any:
        return self._operated(name, self, other)

    def reflected(self: Remote, other: Any) -> Any:
        return self._operated(name, other, self)

    return plain, reflected


def _number(name: str) -> Any:
    def asked(self: Remote, *words: Any) -> Any:
        if not self._made:
            raise TypeError(name)
        verb = "op" if hasattr(operator, name) else "built"
        found = self._ask(verb, name, self, *words)
        if type(found) is Remote:
            found.__dict__["_made"] = True
        return found

    return asked


for _name in (*_BINARY, *_BITS):
    _plain, _reflected = _binary(f"{_name}_" if _name in _BITS else _name)
    setattr(Remote, f"__{_name}__", _plain)
    setattr(Remote, f"__r{_name}__", _reflected)
for _name in _COMPARED:
    setattr(Remote, f"__{_name}__", _binary(_name)[0])
for _name in (*_ALONE, *_NUMBERS):
    setattr(Remote, f"__{_name}__", _number(_name))
