"""The habits that one file keeps or breaks by itself."""

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from itertools import chain

from tools.tidy.finding import Finding
from tools.tidy.source import Function, Source, dotted

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
CLASS_METHODS_MAX = 15
PORT_VERBS_MAX = 9
CONSTRUCTOR_ARGS_MAX = 7
DOCSTRING_WIDTH_MAX = 80

# What people read on a terminal is printed by the command line alone.
PRINTING = {"main", "__main__"}
# Storeys that learn of time and chance through ports only.
CLOCKLESS = {"oci", "rules", "ports", "services"}
CLOCK_MODULES = {"time", "random", "secrets", "uuid"}
CLOCK_CALLS = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|os\.urandom|asyncio\.sleep)$"
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")
BROAD = {"Exception", "BaseException"}
BUILT_IN_EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


def check_code(source: Source, exceptions: frozenset[str]) -> Iterator[Finding]:
    """Yield what `source` breaks; `exceptions` are the names of all exception classes."""
    for rule in RULES:
        yield from rule(source)
    yield from exception_statement(source, exceptions)


def function_length(source: Source) -> Iterator[Finding]:
    """Small enough to see: a function fits a page."""
    for node in _functions(source):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            text = f"{node.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"
            yield _finding(source, node, "function-length", node.name, text)


def file_length(source: Source) -> Iterator[Finding]:
    """Small enough to see: a file too."""
    if source.lines > FILE_LINES_MAX:
        text = f"the file has {source.lines} lines, more than {FILE_LINES_MAX}"
        yield Finding(source.path, source.lines, "file-length", "file", text)


def class_methods(source: Source) -> Iterator[Finding]:
    """A class does one thing; but state machines of tests have a method for each rule."""
    for node in () if source.is_test else _classes(source):
        methods = [item for item in node.body if _is_method(item)]
        if len(methods) > CLASS_METHODS_MAX:
            text = f"{node.name} has {len(methods)} methods, more than {CLASS_METHODS_MAX}"
            yield _finding(source, node, "class-methods", node.name, text)


def port_verbs(source: Source) -> Iterator[Finding]:
    """A port is small enough to be written again for another trade."""
    for node in _classes(source) if source.area == "ports" else ():
        if any(dotted(base).endswith("Protocol") for base in node.bases):
            verbs = [item for item in node.body if _is_method(item)]
            if len(verbs) > PORT_VERBS_MAX:
                text = f"port {node.name} has {len(verbs)} verbs, more than {PORT_VERBS_MAX}"
                yield _finding(source, node, "port-verbs", node.name, text)


def constructor_args(source: Source) -> Iterator[Finding]:
    """A class that needs much does much; generated constructors are values, and may be wide."""
    for owner in _classes(source):
        for node in owner.body:
            if isinstance(node, Function) and node.name == "__init__":
                a = node.args
                wanted = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
                count = len([arg for arg in wanted if arg is not None]) - 1
                if count > CONSTRUCTOR_ARGS_MAX:
                    text = f"{owner.name} takes {count} arguments, more than {CONSTRUCTOR_ARGS_MAX}"
                    yield _finding(source, node, "constructor-args", owner.name, text)


def function_import(source: Source) -> Iterator[Finding]:
    """What a module needs, it says at its top, or in `tidy.toml` why not."""
    for function in () if source.is_test else _functions(source):
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = ["." * node.level + (node.module or "")]
            else:
                continue
            for module in modules:
                name = module if module.startswith(".") else module.partition(".")[0]
                text = f"{function.name} imports {module} by itself"
                yield _finding(source, node, "function-import", name, text)


def prints(source: Source) -> Iterator[Finding]:
    """The package talks to logs; only its command line talks to people."""
    silent = source.path.startswith("src/") and source.area not in PRINTING
    if silent and not source.path.startswith("src/entrepot/faces/cli/"):
        for node in source.nodes:
            if isinstance(node, ast.Call) and dotted(node.func) == "print":
                yield _finding(source, node, "print", "print", "print outside the command line")


def naked_clock(source: Source) -> Iterator[Finding]:
    """Time and chance come through ports, so that a simulation can replay them."""
    for node in source.nodes if source.area in CLOCKLESS else ():
        taken: list[str] = []
        if isinstance(node, ast.Import):
            taken = [alias.name for alias in node.names if alias.name in CLOCK_MODULES]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module in CLOCK_MODULES:
            taken = [node.module]
        elif isinstance(node, ast.Call) and CLOCK_CALLS.search(dotted(node.func)):
            taken = [dotted(node.func)]
        for name in taken:
            text = f"{name} in {source.area}: use the clock and random ports"
            yield _finding(source, node, "naked-clock", name, text)


def broad_except(source: Source) -> Iterator[Finding]:
    """Whoever catches everything raises it again, or says in a comment why not."""
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler) or not _is_broad(node.type):
            continue
        raises = any(isinstance(inner, ast.Raise) for part in node.body for inner in ast.walk(part))
        explained = range(node.lineno, node.body[0].lineno + 1)
        if not raises and not any(_is_prose(source.comments.get(line)) for line in explained):
            text = "a broad except without a raise or a comment that says why"
            yield _finding(source, node, "broad-except", "except", text)


def exception_statement(source: Source, exceptions: frozenset[str]) -> Iterator[Finding]:
    """An exception that stands alone as a statement was meant to be raised."""
    for node in source.nodes:
        if isinstance(node, ast.Expr):
            value = node.value.func if isinstance(node.value, ast.Call) else node.value
            name = dotted(value).rpartition(".")[2]
            if name in exceptions:
                text = f"{name} is made and dropped: a `raise` is missing"
                yield _finding(source, node, "exception-statement", name, text)


def unfinished(source: Source) -> Iterator[Finding]:
    """What is left open has an issue: `TODO(#4)`."""
    for line, comment in source.comments.items():
        for match in UNFINISHED.finditer(comment):
            text = f"{match[1]} without an issue: write {match[1]}(#4)"
            yield Finding(source.path, line, "unfinished", match[1], text)


def module_docstring(source: Source) -> Iterator[Finding]:
    """The first line of each file says what it is for."""
    first = (ast.get_docstring(source.tree) or "").partition("\n")[0]
    if not first and not source.is_test:
        text = "the file does not say what it is for"
    elif len(first) > DOCSTRING_WIDTH_MAX:
        text = f"the docstring's first line is longer than {DOCSTRING_WIDTH_MAX}"
    else:
        return
    yield Finding(source.path, 1, "module-docstring", "docstring", text)


RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    function_length,
    file_length,
    class_methods,
    port_verbs,
    constructor_args,
    function_import,
    prints,
    naked_clock,
    broad_except,
    unfinished,
    module_docstring,
)


def exception_names(sources: list[Source]) -> frozenset[str]:
    """Return the names of the built-in exceptions and of all that `sources` derive from them."""
    classes = list(chain.from_iterable(map(_classes, sources)))
    known = set(BUILT_IN_EXCEPTIONS)
    while True:
        more = {
            node.name
            for node in classes
            if any(dotted(base).rpartition(".")[2] in known for base in node.bases)
        }
        if more <= known:
            return frozenset(known)
        known |= more


def _functions(source: Source) -> Iterator[Function]:
    return (node for node in source.nodes if isinstance(node, Function))


def _classes(source: Source) -> Iterator[ast.ClassDef]:
    return (node for node in source.nodes if isinstance(node, ast.ClassDef))


def _is_method(item: ast.stmt) -> bool:
    """Tell whether this is a method of the class's own; `__enter__` and its like are Python's."""
    return isinstance(item, Function) and not item.name.startswith("__")


def _is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(each is None or dotted(each) in BROAD for each in kinds)


def _is_prose(comment: str | None) -> bool:
    """A tool's directive (`noqa`, `type: ignore`, `pragma`) explains nothing."""
    return comment is not None and not re.match(r"#\s*(noqa|type:|pragma)", comment)


def _finding(source: Source, node: ast.AST, rule: str, name: str, text: str) -> Finding:
    return Finding(source.path, getattr(node, "lineno", 0), rule, name, text)
