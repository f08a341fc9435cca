"""The NamedTuple of `typing` for what a chain loader loads, without the import of `typing`.

That import takes a quarter of what an interpreter takes to start. Classes are written as ever, and
the type checker sees those of `typing`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class NamedTuple(tuple):
        """A tuple of the fields that a class annotates; one with a value there may be left out."""

        def __init_subclass__(cls):
            cls._fields = cls.__match_args__ = tuple(cls.__annotations__)
            cls._field_defaults = {
                name: vars(cls)[name] for name in cls._fields if name in vars(cls)
            }
            for at, name in enumerate(cls._fields):
                setattr(cls, name, field(at))

        def __new__(cls, *values, **named):
            given = dict(zip(cls._fields, values, strict=False)) | named
            fields = cls._field_defaults | given
            if len(given) < len(values) + len(named) or fields.keys() != set(cls._fields):
                raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}")
            return tuple.__new__(cls, [fields[name] for name in cls._fields])

        def __repr__(self):
            shown = zip(self._fields, self, strict=True)
            return (
                f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown)})"
            )

        def _replace(self, **changes):
            """The same with some fields changed."""
            return type(self)(**dict(zip(self._fields, self, strict=True)) | changes)

    def field(at):
        """What reads one field of a tuple."""
        return property(lambda self: self[at])
