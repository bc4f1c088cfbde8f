"""The functions of the grammar: what they take and give. Those that are true or false are `TESTS`."""

from dataclasses import dataclass

from glia.query.expressions import Kind


@dataclass(frozen=True)
class Signature:
    """How a function is called.

    Args:
        takes: the kind of each argument.
        gives: the kind of the result.
        optional: so many of the last may be left out.
        repeats: the last may be given again and again.
    """

    takes: tuple[Kind, ...]
    gives: Kind
    optional: int = 0
    repeats: bool = False

    def fits(self, count: int) -> bool:
        """Whether it may be called with so many arguments."""
        return len(self.takes) - self.optional <= count and (self.repeats or count <= len(self.takes))

    def kind(self, position: int) -> Kind:
        """What the argument at a position has to be."""
        return self.takes[min(position, len(self.takes) - 1)]

    def shown(self, name: str) -> str:
        """How to write it, such as `round(number, [number])`."""
        needed = len(self.takes) - self.optional
        parts = [kind if at < needed else f"[{kind}]" for at, kind in enumerate(self.takes)]
        return f"{name}({', '.join(parts)}{', …' if self.repeats else ''})"


FUNCTIONS: dict[str, Signature] = {
    "abs": Signature(("number",), "number"),
    "round": Signature(("number", "number"), "number", optional=1),
    "min": Signature(("number", "number"), "number", repeats=True),
    "max": Signature(("number", "number"), "number", repeats=True),
    "coalesce": Signature(("any", "any"), "any", repeats=True),  # gives the kind of its fallback
    "lower": Signature(("text",), "text"),
    "upper": Signature(("text",), "text"),
    "trim": Signature(("text",), "text"),
    "substring": Signature(("text", "number", "number"), "text", optional=1),
    "length": Signature(("text",), "number"),
    "now": Signature((), "time"),
    "days": Signature(("number",), "number"),
    "hours": Signature(("number",), "number"),
    "minutes": Signature(("number",), "number"),
    "date": Signature(("time",), "text"),
}

TESTS: dict[str, Signature] = {
    "contains": Signature(("text", "text"), "text"),
    "starts_with": Signature(("text", "text"), "text"),
    "ends_with": Signature(("text", "text"), "text"),
    "is_number": Signature(("any",), "number"),
    "is_text": Signature(("any",), "text"),
}
