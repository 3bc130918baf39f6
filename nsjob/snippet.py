"""Snippets: Python source, compiled once, run in a namespace, with a value.

A snippet's value is that of its last statement where that is an expression. `return`, `await`, `break` and `continue`
are allowed at its top level. Knows nothing of jobs.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import textwrap
from collections import deque
from collections.abc import Coroutine
from types import CodeType, FunctionType
from typing import Any

from nsjob.errors import SnippetError

__all__ = [
    "COMPILED",
    "TCL_BREAK",
    "TCL_CONTINUE",
    "TCL_ERROR",
    "TCL_OK",
    "TCL_RETURN",
    "Ending",
    "Snippet",
    "compile_snippet",
]

TCL_OK = "TCL_OK"
TCL_ERROR = "TCL_ERROR"
TCL_RETURN = "TCL_RETURN"
TCL_BREAK = "TCL_BREAK"
TCL_CONTINUE = "TCL_CONTINUE"

_CACHED = 1024
_CACHED_SOURCE = 65_536  # longer sources are compiled each time: the cache is bounded in bytes as well as in entries
_REMEMBERED_LINES = 256  # snippets whose lines tracebacks can show
_NAMES_THAT_REACH_BUILTINS = frozenset(
    "__builtins__ __globals__ __dict__ globals locals vars eval exec getattr f_globals f_builtins f_back".split()
)
_ENDING = ".ending"  # the parameter through which a snippet's function gets Ending: no identifier, so no name clashes
_serial = itertools.count()
COMPILED: dict[str, Snippet] = {}
"""The cache of `compile_snippet`: those compiled last. To be looked things up in; it fills itself."""
_shown: deque[str] = deque()


class Ending:
    """How a snippet ended where that was not by its last statement: by `return`, `break` or `continue`."""

    __slots__ = ("code", "value")

    def __init__(self, code: str, value: object) -> None:
        self.code = code
        self.value = value


class Snippet:
    """One compiled snippet. It is immutable, and may run in any number of threads at once."""

    __slots__ = ("_body", "_function", "_tail", "filename", "needs_builtins", "needs_job", "quick", "source")

    def __init__(self, source: str, filename: str | None = None) -> None:
        self.source = source
        self.filename = filename or f"<snippet {next(_serial)}>"
        self._body: CodeType | None = None
        self._tail: CodeType | None = None
        self._function: CodeType | None = None
        tree = _parse(source, self.filename)
        shape = _Shape()
        try:
            shape.visit(tree)
            if shape.needs_function:
                self._function = _function_code(tree, self.filename, shape.awaits)
            else:
                if tree.body and isinstance(last := tree.body[-1], ast.Expr):
                    del tree.body[-1]
                    self._tail = _compile(ast.Expression(last.value), self.filename, "eval")
                if tree.body:
                    self._body = _compile(tree, self.filename, "exec")
        except SnippetError:
            raise
        except SyntaxError as error:
            raise _readable(error, source) from None
        except (ValueError, OverflowError, RecursionError, MemoryError) as error:
            raise SnippetError(f"the snippet does not compile: {str(error) or type(error).__name__}") from None
        names = set().union(*(_names(code) for code in (self._body, self._tail, self._function) if code))
        self.needs_builtins = not names.isdisjoint(_NAMES_THAT_REACH_BUILTINS)
        self.needs_job = "job" in names or self.needs_builtins
        # Its code, where that is all there is to run and it does not look at its job.
        self.quick = self._tail if self._body is None and not self.needs_job else None

    def run(self, namespace: dict[str, Any]) -> Any:
        """Run in `namespace`, which is the snippet's globals, and return the value.

        Returns an Ending where the snippet ended by return, break or continue, and a coroutine (of either) where it
        awaits at its top level.
        """
        if self._function is not None:
            return FunctionType(self._function, namespace)(Ending)
        if self._body is not None:
            exec(self._body, namespace)
        if self._tail is not None:
            return eval(self._tail, namespace)
        return None

    def show_lines(self) -> None:
        """Let tracebacks show this snippet's source lines (those of the last 256 snippets that failed are kept)."""
        if self.filename in linecache.cache:
            return
        lines = [line + "\n" for line in self.source.splitlines()]  # one without it shifts the carets of Python 3.11
        linecache.cache[self.filename] = (len(self.source), None, lines, self.filename)
        _shown.append(self.filename)
        while len(_shown) > _REMEMBERED_LINES:
            try:
                linecache.cache.pop(_shown.popleft(), None)
            except IndexError:  # another thread was faster
                break


def compile_snippet(source: str) -> Snippet:
    """Return the snippet for a source text, from a bounded cache (the last 1,024 sources of up to 64 KiB).

    Raises:
        SnippetError: the source is no Python; the message shows the line and a caret.
    """
    found = COMPILED.get(source)
    if found is None:
        found = Snippet(source)
        if len(source) <= _CACHED_SOURCE:
            if len(COMPILED) >= _CACHED:
                try:
                    del COMPILED[next(iter(COMPILED))]
                except (KeyError, RuntimeError):  # another thread was faster
                    pass
            COMPILED[source] = found
    return found


def _compile(tree: ast.Module | ast.Expression, filename: str, mode: str) -> CodeType:
    code: CodeType = compile(tree, filename, mode, dont_inherit=True)
    return code


def _parse(source: str, filename: str) -> ast.Module:
    try:
        try:
            return _tree(source, filename)
        except IndentationError as error:
            for candidate in _dedented(source):
                try:
                    return _tree(candidate, filename)
                except IndentationError:
                    continue
            raise error
    except SyntaxError as error:
        raise _readable(error, source) from None
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise SnippetError(f"the snippet does not compile: {str(error) or type(error).__name__}") from None


def _tree(source: str, filename: str) -> ast.Module:
    try:
        return ast.parse(source, filename)
    except SystemError:  # Python 3.11, where a finalizer that parses too came in between: the second try is alone
        return ast.parse(source, filename)


def _dedented(source: str) -> list[str]:
    """The source with its common indentation removed: of all lines, or of all lines after the first.

    A snippet written as `{x = 1` and further lines indented under it has no common indentation at its first line.
    """
    first, newline, rest = source.partition("\n")
    return [textwrap.dedent(source), first.lstrip() + newline + textwrap.dedent(rest)]


def _readable(error: SyntaxError, source: str) -> SnippetError:
    """The same error with a message that shows line and caret, so that `str()` of it is enough to mend the source."""
    text = error.text if error.text is not None else ""
    if not text and error.lineno:
        lines = source.splitlines()
        text = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    message = f"{error.msg} (line {error.lineno})" if error.lineno else str(error.msg)
    line = text.rstrip("\n")
    if line.strip() and len(line) <= 500:
        caret = " " * max((error.offset or 1) - 1 - (len(line) - len(line.lstrip())), 0) + "^"
        message += f"\n    {line.strip()}\n    {caret}"
    readable = SnippetError(message)
    readable.msg = error.msg
    readable.filename, readable.lineno, readable.offset, readable.text = "<snippet>", error.lineno, error.offset, text
    readable.end_lineno, readable.end_offset = error.end_lineno, error.end_offset
    return readable


def _names(code: CodeType) -> set[str]:
    found = {*code.co_names, *code.co_freevars}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


class _TopLevel(ast.NodeVisitor):
    """Visits what runs in the snippet's own scope, and knows whether it stands in a loop."""

    def __init__(self) -> None:
        self.loops = 0

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in (*node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)


class _Shape(_TopLevel):
    """Finds whether a snippet must be compiled as a function, and as which kind."""

    def __init__(self) -> None:
        super().__init__()
        self.needs_function = False
        self.awaits = False

    def visit_Return(self, node: ast.Return) -> None:
        self.needs_function = True
        self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> None:
        self.needs_function = self.awaits = True
        self.generic_visit(node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        self.needs_function = self.awaits = True
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        if node.is_async:
            self.needs_function = self.awaits = True
        self.generic_visit(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)  # the rest is in the generator's scope, which may be asynchronous

    def visit_Yield(self, node: ast.Yield | ast.YieldFrom) -> None:
        raise SyntaxError("'yield' outside function", (None, node.lineno, node.col_offset + 1, None))

    visit_YieldFrom = visit_Yield

    def _visit_loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        head = [node.test] if isinstance(node, ast.While) else [node.target, node.iter]
        self.loops += 1
        for part in (*head, *node.body):
            self.visit(part)
        self.loops -= 1
        for part in node.orelse:
            self.visit(part)

    visit_For = visit_While = _visit_loop

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self.needs_function = self.awaits = True
        self._visit_loop(node)

    def visit_Break(self, node: ast.Break | ast.Continue) -> None:
        if not self.loops:
            self.needs_function = True

    visit_Continue = visit_Break


class _AsFunction(ast.NodeTransformer):
    """Rewrites a snippet's top level for life in a function: endings are returned, annotations do not declare."""

    def __init__(self) -> None:
        self.loops = 0

    def visit_FunctionDef(self, node: ast.AST) -> ast.AST:
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef

    def visit_For(self, node: ast.For | ast.AsyncFor | ast.While) -> ast.AST:
        self.loops += 1
        node.body = [self.visit(statement) for statement in node.body]
        self.loops -= 1
        node.orelse = [self.visit(statement) for statement in node.orelse]
        return node

    visit_AsyncFor = visit_While = visit_For

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return self._ending(node, TCL_RETURN, node.value)

    def visit_Break(self, node: ast.Break) -> ast.AST:
        return node if self.loops else self._ending(node, TCL_BREAK, None)

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        return node if self.loops else self._ending(node, TCL_CONTINUE, None)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if not isinstance(node.target, ast.Name):
            return node
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    @staticmethod
    def _ending(node: ast.stmt, code: str, value: ast.expr | None) -> ast.AST:
        ending = ast.Call(ast.Name(_ENDING, ast.Load()), [ast.Constant(code), value or ast.Constant(None)], [])
        return ast.copy_location(ast.Return(ending), node)


def _function_code(tree: ast.Module, filename: str, awaits: bool) -> CodeType:
    """The code of a function whose body is the snippet and whose variables are nevertheless globals.

    What the body binds is found by compiling it once; the second time, those names are declared global.
    """
    futures = 0
    while futures < len(tree.body) and _is_future(tree.body[futures]):
        futures += 1
    body: list[ast.stmt] = [_AsFunction().visit(statement) for statement in tree.body[futures:]]
    if body and isinstance(last := body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(last.value), last)

    def compiled(names: list[str]) -> CodeType:
        declared: list[ast.stmt] = [ast.Global(names)] if names else []
        kind = ast.AsyncFunctionDef if awaits else ast.FunctionDef
        parameter = ast.arguments([], [ast.arg(_ENDING)], None, [], [], None, [])
        fields: dict[str, Any] = {"name": "snippet", "args": parameter, "body": declared + body, "decorator_list": []}
        if "type_params" in kind._fields:
            fields["type_params"] = []
        module = ast.Module([*tree.body[:futures], kind(**fields)], [])
        outer = _compile(ast.fix_missing_locations(module), filename, "exec")
        return next(c for c in outer.co_consts if isinstance(c, CodeType) and c.co_name == "snippet")

    local = compiled([])
    bound = {*local.co_varnames, *local.co_cellvars} - {_ENDING}
    return compiled(sorted(bound)).replace(co_name="<snippet>", co_qualname="<snippet>")


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def is_coroutine(value: object) -> bool:
    """Whether a body's value still has to be awaited."""
    return isinstance(value, Coroutine)
