"""How a short host name is made a full one: ucspi-tcp's rewriting rules.

Source: cr.yp.to/djbdns/qualify.html. Each rule is applied once, in order: «=name:new» replaces a
whole name, «*suffix:new» a suffix, «?suffix:new» a suffix of what has no dot or bracket before it,
«-suffix:new» the whole of a name with that suffix.
"""

from __future__ import annotations

from supervise.rawtyping import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOTS = b".[]"


class Rule(NamedTuple):
    kind: bytes  # one of = * ? -
    pattern: bytes
    new: bytes


def parse(lines: bytes) -> list[Rule]:
    """The rules in a file; lines of any other shape mean nothing."""
    rules = []
    for line in lines.split(b"\n"):
        pattern, colon, new = line.rstrip(b" \t\r").partition(b":")
        if colon and pattern[:1] in (b"=", b"*", b"?", b"-"):
            rules.append(Rule(pattern[:1], pattern[1:], new))
    return rules


def appending(domains: Iterable[bytes]) -> list[Rule]:
    """The rules where there is no such file: append each of these domains in turn to a name without
    a dot; a dot at the end protects from that, and is dropped."""
    alternatives = b"".join(b"+." + domain for domain in domains)
    return [Rule(b"?", b"", alternatives), Rule(b"*", b".", b"")]


def alternatives(name: bytes, rules: Iterable[Rule]) -> Iterator[bytes]:
    """The names to try for a name, best first, one at a time: each begins with all that comes
    before the first «+»."""
    for rule in rules:
        name = rewrite(name, rule)
    prefix, plus, rest = name.partition(b"+")
    if not plus:
        yield name
        return
    for piece in rest.split(b"+"):
        yield prefix + piece


def rewrite(name: bytes, rule: Rule) -> bytes:
    if rule.kind == b"=":
        return rule.new if name.lower() == rule.pattern.lower() else name
    if not name.lower().endswith(rule.pattern.lower()):
        return name
    prefix = name[: len(name) - len(rule.pattern)]
    if rule.kind == b"-":
        return rule.new
    if rule.kind == b"?" and any(byte in DOTS for byte in prefix):
        return name
    return prefix + rule.new
