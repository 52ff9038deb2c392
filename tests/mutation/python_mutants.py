"""Small faults in a Python module, one at a time: in the text, so that a fault has a line.

Types and docstrings are left alone.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from itertools import pairwise

from .sql_mutants import Mutant, as_mutant

COMPARISONS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "*"}
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list", "abs": ""}
OPERATORS = (
    "comparison", "arithmetic", "and for or", "not dropped", "sign dropped", "constant", "words", "truth", "function",
    "condition inverted", "alternatives swapped", "result dropped", "slice bound dropped",
)  # fmt: skip


def mutants_of(text: str, file: str) -> list[Mutant]:
    """Every fault of the module, in the order of its lines."""
    found: dict[str, Mutant] = {}
    for operator, start, end, replacement in _Faults(text).all():
        mutant = as_mutant(file, text, operator, start, end, replacement)
        if mutant.text != text:
            found.setdefault(mutant.text, mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.line, OPERATORS.index(mutant.operator)))


class _Faults:
    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._lines = text.splitlines(keepends=True)
        self._tokens = [
            (self._place(token.start), self._place(token.end), token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type in {tokenize.OP, tokenize.NAME}
        ]
        self._left_out: set[ast.AST] = set()

    def all(self) -> Iterator[tuple[str, int, int, str]]:
        tree = ast.parse(self.text)
        for node in ast.walk(tree):
            self._leave_out(node)
        for node in ast.walk(tree):
            if node not in self._left_out:
                yield from self._faults_of(node)

    def _leave_out(self, node: ast.AST) -> None:
        """Docstrings, annotations and the parts of f-strings, which are cut into pieces without places of their own."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            self._left_out.add(node.value)
        annotations = [getattr(node, name, None) for name in ("annotation", "returns")]
        for annotation in filter(None, annotations):
            self._left_out.update(ast.walk(annotation))
        if isinstance(node, ast.JoinedStr):
            self._left_out.update(child for child in ast.walk(node) if isinstance(child, ast.Constant))

    def _place(self, position: tuple[int, int]) -> int:
        return self._starts[position[0] - 1] + position[1]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands; ast counts bytes within a line."""

        def place(line: int, column: int) -> int:
            return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

        return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _part(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.text[start:end]

    def _between(self, left: ast.AST, right: ast.AST) -> Iterator[tuple[int, int, str]]:
        """Tokens between two operands, brackets left out."""
        first, last = self._span(left)[1], self._span(right)[0]
        return (token for token in self._tokens if first <= token[0] and token[1] <= last and token[2] not in "()")

    def _faults_of(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
                tokens = list(self._between(left, right))
                if tokens and type(operator) in COMPARISONS:
                    yield "comparison", tokens[0][0], tokens[-1][1], COMPARISONS[type(operator)]
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            for start, end, _ in self._between(node.left, node.right):
                yield "arithmetic", start, end, ARITHMETIC[type(node.op)]
        elif isinstance(node, ast.BoolOp):
            for left, right in pairwise(node.values):
                for start, end, word in self._between(left, right):
                    yield "and for or", start, end, "or" if word == "and" else "and"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
            operator = "not dropped" if isinstance(node.op, ast.Not) else "sign dropped"
            yield operator, *self._span(node), self._part(node.operand)
        elif isinstance(node, ast.Constant):
            yield from self._constant(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            yield "function", *self._span(node.func), FUNCTIONS[node.func.id]
        elif isinstance(node, ast.If | ast.While):
            yield "condition inverted", *self._span(node.test), f"not ({self._part(node.test)})"
        elif isinstance(node, ast.comprehension):
            for condition in node.ifs:
                yield "condition inverted", *self._span(condition), f"not ({self._part(condition)})"
        elif isinstance(node, ast.IfExp):
            swapped = f"{self._part(node.orelse)} if {self._part(node.test)} else {self._part(node.body)}"
            yield "alternatives swapped", *self._span(node), swapped
        elif isinstance(node, ast.Return) and node.value is not None and self._part(node.value) != "None":
            yield "result dropped", *self._span(node.value), "None"
        elif isinstance(node, ast.Slice):
            for bound in filter(None, (node.lower, node.upper)):
                yield "slice bound dropped", *self._span(bound), ""

    def _constant(self, node: ast.Constant) -> Iterator[tuple[str, int, int, str]]:
        span = self._span(node)
        if isinstance(node.value, bool):
            yield "truth", *span, str(not node.value)
        elif isinstance(node.value, int):
            yield "constant", *span, str(node.value + 1)
        elif isinstance(node.value, str) and node.value and self.text[span[0]] in "'\"":
            yield "words", *span, repr(node.value + "!")
