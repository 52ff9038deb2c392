"""Small faults in the text of a dbt model or macro, one at a time.

Works on the text as people wrote it, so that a fault has a file and a line. Jinja is left alone: an expression in
braces is one operand. What each of OPERATORS makes is pinned in test_mutator.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""
      (?P<jinja>\{\{.*?\}\})
    | (?P<blank>\s+|--[^\n]*|/\*.*?\*/|\{%.*?%\}|\{\#.*?\#\})
    | (?P<string>'(?:\{\{.*?\}\}|[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<sign><>|!=|<=|>=|\|\||::|:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

SWAPS = {
    "boundary of a comparison": {"<": "<=", "<=": "<", ">": ">=", ">=": ">"},
    "equality": {"=": "<>", "<>": "=", "!=": "="},
    "arithmetic": {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*"},
    "and for or": {"and": "or", "or": "and"},
    "aggregate": {
        "min": "max", "max": "min", "sum": "avg", "avg": "sum", "min_by": "max_by", "max_by": "min_by",
        "bool_and": "bool_or", "bool_or": "bool_and", "median": "avg", "stddev_samp": "stddev_pop",
    },
    "window function": {
        "lag": "lead", "lead": "lag", "rank": "dense_rank", "dense_rank": "rank", "row_number": "rank",
        "first_value": "last_value", "last_value": "first_value",
    },
    "scalar function": {"greatest": "least", "least": "greatest", "floor": "ceil", "ceil": "floor"},
    "truth": {"true": "false", "false": "true"},
}  # fmt: skip
_SWAPPED_AS_FUNCTION = {"aggregate", "window function", "scalar function"}
# A call that gives back its first argument or something near it: the fault is to leave it out.
_DROPPED_CALLS = {"coalesce", "nullif", "round", "abs"}
OPERATORS = (
    *SWAPS,
    "constant",
    "sign dropped",
    "not dropped",
    "null test",
    "join",
    "sort order",
    "sort of nulls",
    "sort column dropped",
    "partition column dropped",
    "condition dropped",
    "call dropped",
    "distinct dropped",
    "nulls counted",
    "union",
    "listed value dropped",
    "branches of case swapped",
    "branch of case dropped",
)

_CLAUSES = {
    "select", "from", "where", "group", "order", "having", "qualify", "window", "union", "inner", "left", "right",
    "full", "cross", "join", "on", "limit", "with", "using",
}  # fmt: skip
_CONDITIONS = {"where", "having", "qualify", "on", "when"}
_EDGES = _CLAUSES | {"case", "when", "then", "else", "end", "as", "by", "partition", "window", ",", "(", ")"}
_TYPES = {"decimal", "numeric", "varchar", "char"}
_BEFORE_A_SIGN = {
    "(", ",", "=", "<", ">", "<=", ">=", "<>", "+", "-", "*", "/", "then", "else", "when", "and", "or", "by", "select",
    "between", "not", "in",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault: operator, place, the lines it touches before and after, and the whole text with the fault in it."""

    file: str
    line: int
    operator: str
    original: str
    changed: str
    text: str


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text.lower()


def mutants_of(text: str, file: str) -> list[Mutant]:
    """Every fault of the text, in the order of its lines; two operators that make the same text count once."""
    found: dict[str, Mutant] = {}
    for operator, start, end, replacement in _Faults(text).all():
        changed_text = text[:start] + replacement + text[end:]
        if changed_text not in found and changed_text != text:
            found[changed_text] = as_mutant(file, text, operator, start, end, replacement)
    return sorted(found.values(), key=lambda mutant: (mutant.line, OPERATORS.index(mutant.operator)))


def as_mutant(file: str, text: str, operator: str, start: int, end: int, replacement: str) -> Mutant:
    """The fault that puts `replacement` between two places of the text, with the whole lines around it."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    return Mutant(
        file=file,
        line=text.count("\n", 0, start) + 1,
        operator=operator,
        original=" ".join(text[first:last].split()),
        changed=" ".join((text[first:start] + replacement + text[end:last]).split()),
        text=text[:start] + replacement + text[end:],
    )


class _Faults:
    """The tokens of one text, and which of them stand inside which brackets or `case ... end`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            _Token(match.lastgroup or "", match.group(), match.start(), match.end())
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "blank"
        ]
        self.inside: list[int | None] = []
        self.close: dict[int, int] = {}
        stack: list[int] = []
        for at, token in enumerate(self.tokens):
            if token.word in {")", "end"} and stack:
                self.close[stack.pop()] = at
            self.inside.append(stack[-1] if stack else None)
            if token.word in {"(", "case"}:
                stack.append(at)
        self.open = {end: start for start, end in self.close.items()}

    def all(self) -> Iterator[tuple[str, int, int, str]]:
        for at in range(len(self.tokens)):
            yield from self._swaps(at)
            yield from self._constants(at)
            yield from self._negations(at)
            yield from self._joins(at)
            yield from self._calls(at)
            yield from self._sorting(at)
            yield from self._partition(at)
            yield from self._lists(at)
            yield from self._case(at)
        yield from self._conditions()

    # --- reading

    def word(self, at: int) -> str:
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def is_call(self, at: int) -> bool:
        return self.tokens[at].kind == "word" and self.word(at + 1) == "(" and self.word(at - 1) != "."

    def span(self, first: int, last: int) -> tuple[int, int]:
        return self.tokens[first].start, self.tokens[last].end

    def part(self, first: int, last: int) -> str:
        start, end = self.span(first, last)
        return self.text[start:end]

    def replaced(self, operator: str, first: int, last: int, replacement: str) -> tuple[str, int, int, str]:
        return operator, *self.span(first, last), replacement

    def members(self, opening: int) -> list[tuple[int, int]]:
        """First and last token of each part between commas, directly inside brackets."""
        return self.parted(opening + 1, self.close[opening] - 1)

    def parted(self, first: int, last: int) -> list[tuple[int, int]]:
        level = self.inside[first] if first <= last else None
        parts, start = [], first
        for at in range(first, last + 1):
            if self.word(at) == "," and self.inside[at] == level:
                parts.append((start, at - 1))
                start = at + 1
        return [(one, other) for one, other in [*parts, (start, last)] if one <= other]

    def without(self, operator: str, parts: list[tuple[int, int]], left_out: int) -> tuple[str, int, int, str]:
        """Leave one of several listed parts out, with its comma."""
        if left_out + 1 < len(parts):
            return operator, self.tokens[parts[left_out][0]].start, self.tokens[parts[left_out + 1][0]].start, ""
        return operator, self.tokens[parts[left_out - 1][1]].end, self.tokens[parts[left_out][1]].end, ""

    def is_and_of_between(self, at: int) -> bool:
        before = at - 1
        while before >= 0 and self.inside[at] != before:
            if self.inside[before] == self.inside[at]:
                if self.word(before) in {"and", "or"} or self.word(before) in _EDGES - {"(", ")", ",", "end"}:
                    return False
                if self.word(before) == "between":
                    return True
            before -= 1
        return False

    # --- faults of single tokens

    def _swaps(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        token = self.tokens[at]
        for operator, swaps in SWAPS.items():
            if token.kind not in {"word", "sign"} or token.word not in swaps:
                continue
            if operator in _SWAPPED_AS_FUNCTION and not self.is_call(at):
                continue
            if operator == "arithmetic" and (self._is_star(at) or self._is_sign(at)):
                continue
            if operator == "and for or" and (
                self.is_and_of_between(at) or self._is_of_join(at) or self.word(at + 1) in {"", ")"}
            ):
                continue
            yield self.replaced(operator, at, at, swaps[token.word])

    def _is_of_join(self, at: int) -> bool:
        """`or` between the keys of a join is a cross join in disguise; the key left out is the fault tried instead."""
        before = at - 1
        while before >= 0:
            if self.inside[before] == self.inside[at] and self.word(before) in _CONDITIONS | _CLAUSES | {"select"}:
                return self.word(before) == "on"
            if before == self.inside[at]:
                return False
            before -= 1
        return False

    def _is_star(self, at: int) -> bool:
        return self.word(at) == "*" and self.word(at - 1) in {"(", ".", "select", ",", "distinct"}

    def _is_sign(self, at: int) -> bool:
        return self.word(at) in {"-", "+"} and (self.word(at - 1) in _BEFORE_A_SIGN or at == 0)

    def _constants(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        token = self.tokens[at]
        if token.kind == "number" and not self._is_of_type(at) and self.word(at - 1) != "by":
            decimals = len(token.text.partition(".")[2])
            nudged = float(token.text) + (0.1 if decimals and 0 < float(token.text) < 1 else 1)
            yield self.replaced("constant", at, at, f"{nudged:.{max(decimals, 0)}f}" if decimals else str(int(nudged)))
        if self._is_sign(at) and token.word == "-":
            yield self.replaced("sign dropped", at, at, "")

    def _is_of_type(self, at: int) -> bool:
        opening = self.inside[at]
        return opening is not None and self.word(opening - 1) in _TYPES

    def _negations(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        word = self.word(at)
        if word == "is" and self.word(at + 1) == "not":
            yield self.replaced("null test", at, at + 1, "is")
        elif word == "is" and self.word(at + 1) in {"null", "distinct", "true", "false"}:
            yield self.replaced("null test", at, at, "is not")
        elif word == "not" and self.word(at - 1) != "is":
            yield self.replaced("not dropped", at, at, "")

    def _joins(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        if self.word(at + 1) == "join" and self.word(at) in {"inner", "left"}:
            yield self.replaced("join", at, at, "left" if self.word(at) == "inner" else "inner")
        if self.word(at) == "union" and self.word(at + 1) == "all":
            yield self.replaced("union", at, at + 1, "union")
        elif self.word(at) == "union":
            yield self.replaced("union", at, at, "union all")
        if self.word(at) == "distinct" and self.word(at - 1) in {"select", "("}:
            yield self.replaced("distinct dropped", at, at, "")

    def _calls(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        if not self.is_call(at) or at + 1 not in self.close:
            return
        parts, end = self.members(at + 1), self.close[at + 1]
        if self.word(at) in _DROPPED_CALLS and parts:
            yield self.replaced("call dropped", at, end, f"({self.part(*parts[0])})")
        if self.word(at) == "count" and self.word(at + 2) not in {"*", "distinct"}:
            yield self.replaced("nulls counted", at + 2, end - 1, "*")

    # --- faults of lists

    def _sorting(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        # The order of the rows of a table is no figure: only the orders of windows and aggregates matter.
        level = self.inside[at]
        if self.word(at) != "order" or self.word(at + 1) != "by" or level is None or self.word(level) != "(":
            return
        if self.word(level + 1) in {"select", "with"}:
            return
        last = self.close[level] - 1
        frame = [i for i in range(at, last) if self.inside[i] == level and self.word(i) in {"rows", "range"}]
        parts = self.parted(at + 2, frame[0] - 1 if frame else last)
        for place, (first, end) in enumerate(parts):
            key_end = end
            if self.word(end - 1) == "nulls":
                swapped = "last" if self.word(end) == "first" else "first"
                yield self.replaced("sort of nulls", end, end, swapped)
                key_end = end - 2
            if self.word(key_end) == "desc":
                yield self.replaced("sort order", key_end, key_end, "asc")
            elif self.word(key_end) == "asc":
                yield self.replaced("sort order", key_end, key_end, "desc")
            else:
                yield self.replaced("sort order", first, key_end, f"{self.part(first, key_end)} desc")
            if len(parts) > 1:
                yield self.without("sort column dropped", parts, place)

    def _partition(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        level = self.inside[at]
        if self.word(at) != "partition" or self.word(at + 1) != "by" or level is None:
            return
        stop = self.close[level]
        for end in range(at, stop):
            if self.inside[end] == level and self.word(end) == "order":
                stop = end
        parts = self.parted(at + 2, stop - 1)
        if len(parts) == 1:
            yield self.replaced("partition column dropped", at, stop - 1, "")
            return
        for place in range(len(parts)):
            yield self.without("partition column dropped", parts, place)

    def _lists(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        if self.word(at) != "in" or self.word(at + 1) != "(" or at + 1 not in self.close:
            return
        parts = self.members(at + 1)
        if len(parts) > 1 and self.word(parts[0][0]) != "select":
            for place in range(len(parts)):
                yield self.without("listed value dropped", parts, place)

    # --- faults of conditions

    def _case(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        if self.word(at) != "case" or at not in self.close:
            return
        end = self.close[at]
        here = [i for i in range(at + 1, end) if self.inside[i] == at]
        whens = [i for i in here if self.word(i) == "when"]
        results = [i for i in here if self.word(i) in {"then", "else"}]
        edges = sorted([*whens, *[i for i in results if self.word(i) == "else"], end])
        value_of = {i: (i + 1, min(edge for edge in edges if edge > i) - 1) for i in results}
        for one, other in pairwise(results):
            (first, last), (second_first, second_last) = value_of[one], value_of[other]
            swapped = (
                self.part(second_first, second_last)
                + self.text[self.tokens[last].end : self.tokens[second_first].start]
                + self.part(first, last)
            )
            yield self.replaced("branches of case swapped", first, second_last, swapped)
        for when in whens if len(whens) > 1 else []:
            next_edge = min(edge for edge in edges if edge > when)
            yield "branch of case dropped", self.tokens[when].start, self.tokens[next_edge].start, ""

    def _conditions(self) -> Iterator[tuple[str, int, int, str]]:
        """Each condition among several, and each only condition of a where, having or qualify, taken as met."""
        seen: set[tuple[int, int]] = set()
        for at in range(len(self.tokens)):
            if self.word(at) in {"and", "or"} and not self.is_and_of_between(at):
                first, last = self._reach(at)
            elif self.word(at) in {"where", "having", "qualify"} and self.word(at + 1) != "":
                first, last = at + 1, self._reach(at + 1)[1]
            else:
                continue
            if (first, last) in seen or first > last:
                continue
            seen.add((first, last))
            joints = [
                i
                for i in range(first, last + 1)
                if self.inside[i] == self.inside[at] and self.word(i) in {"and", "or"} and not self.is_and_of_between(i)
            ]
            starts, ends = [first, *[i + 1 for i in joints]], [*[i - 1 for i in joints], last]
            for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
                beside = [self.word(joint) for joint in joints[max(place - 1, 0) : place + 1]]
                neutral = "false" if beside and set(beside) == {"or"} else "true"
                if start <= end:
                    yield self.replaced("condition dropped", start, end, neutral)

    def _reach(self, at: int) -> tuple[int, int]:
        """First and last token of the condition that a token stands in."""
        level, first, last = self.inside[at], at, at
        while first > 0 and first - 1 != level and not self._is_edge(first - 1, level):
            first -= 1
        while last + 1 < len(self.tokens) and not self._is_edge(last + 1, level):
            last += 1
        return first, last

    def _is_edge(self, at: int, level: int | None) -> bool:
        if level is not None and at == self.close.get(level):
            return True
        if self.inside[at] != level or self.word(at) not in _EDGES:
            return False
        # left(...), right(...) and the brackets and cases of the condition itself are no edge.
        if self.word(at) in {"left", "right"} and self.word(at + 1) == "(":
            return False
        return self.word(at) not in {"(", ")", "case", "end"}
