"""Dockerfiles reconstructed from what images tell of their making.

The configuration (OCI image-spec, config.md) has a `history`: one text for each step, as the
builder wrote it. Docker's classic builder writes the shell's command line, with `#(nop)` before
what ran nothing; BuildKit writes the instruction and `# buildkit`. What no builder writes down,
such as the names of earlier stages or the files behind a COPY, is told in comments.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

STEPS_MAX = 1000
STEP_MAX = 16 * 1024
"""Characters of one step that are shown."""
TEXT_MAX = 256 * 1024
"""Characters of the whole text, about."""
VALUES_MAX = 256
"""Variables, labels, ports and the like that are shown of a configuration."""

_PLAIN = ("ARG", "CMD", "ENTRYPOINT", "MAINTAINER", "ONBUILD", "SHELL", "STOPSIGNAL", "USER")
_READ = ("ADD", "COPY", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "VOLUME", "WORKDIR")
WORDS = frozenset(_PLAIN + _READ)

_HEAD = (
    "# Reconstructed from the image's history: it shows what was done, not the file that was "
    "written.\n"
)
_SHELL = re.compile(r"/bin/(?:ba)?sh -(?:[a-z]*c|o pipefail -[a-z]*c) ", re.ASCII)
_NOP = "#(nop)"
_NOP_HEADS = ("/bin/sh -c", "/bin/bash -c", "cmd /S /C", "powershell ")
_NOP_HEAD_MAX = 256
"""Characters in which a shell and its options stand before `#(nop)`."""
_ARGS = re.compile(r"\|(\d{1,3}) ", re.ASCII)
_MAP = re.compile(r"map\[(.*)\]", re.DOTALL)
_HASHED = re.compile(r"(?:file|dir|multi):[0-9a-f]{32,} in ", re.ASCII)
_CHECK = re.compile(r"&\{\[(.*)\](.*)\}", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BREAK = re.compile(r"[ \t]{2,}|\t")
_CHECK_MAX = 2048
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(13, 32), *range(127, 160)])


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an image's history; `created` is as the builder wrote it."""

    created: str
    created_by: str
    author: str
    comment: str
    empty_layer: bool


def steps_of(config: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the history of a configuration, oldest first; what has no such shape says nothing."""
    found = config.get("history")
    if not isinstance(found, list):
        return ()
    return tuple(_step(entry) for entry in found[:STEPS_MAX] if isinstance(entry, dict))


def dockerfile(config: Mapping[str, Any], annotations: Mapping[str, str]) -> str:
    """Return a Dockerfile that tells how an image was made, as far as its configuration says so."""
    parts = [_HEAD, *_base(annotations), "FROM scratch\n"]
    steps, size = steps_of(config), 0
    for number, step in enumerate(steps):
        text = _told(step, config)
        size += len(text)
        if size > TEXT_MAX:
            parts.append(f"# {len(steps) - number} more steps are not shown.\n")
            break
        parts.append(text)
    if not steps:
        parts.append("# The image says nothing of its layers.\n")
        parts += _settings(config)
    return "".join(parts).translate(_CONTROL)


def _base(annotations: Mapping[str, str]) -> Iterator[str]:
    name = annotations.get("org.opencontainers.image.base.name", "")
    digest = annotations.get("org.opencontainers.image.base.digest", "")
    if name:
        at = f"@{digest}" if digest else ""
        yield f"# The image says that it is made on {_clean(name + at)}, whose steps come first.\n"


def _step(entry: Mapping[str, Any]) -> Step:
    def text(key: str) -> str:
        value = entry.get(key)
        return value[:STEP_MAX] if isinstance(value, str) else ""

    return Step(
        text("created"),
        text("created_by"),
        text("author"),
        text("comment"),
        entry.get("empty_layer") is True,
    )


def _told(step: Step, config: Mapping[str, Any]) -> str:
    made = step.created_by.translate(_CONTROL).strip()
    made = made.removesuffix("# buildkit").rstrip()
    if not made:
        what = "A setting" if step.empty_layer else "A layer"
        said = f": {_clean(step.comment)}" if step.comment else ""
        return f"# {what} of which nothing is said{said}\n"
    made, nop = _without_nop(made)
    word, _, rest = made.partition(" ")
    # A word is an instruction where a builder wrote one; a command line may begin like one.
    if word.upper() in WORDS and (nop or word.isupper()):
        return _instruction(word.upper(), rest.strip(), config)
    if not nop and (_SHELL.match(made) or _ARGS.match(made)):
        return _run(made)
    if not (nop or step.empty_layer) and made.startswith(("/", "cmd ", "powershell ")):
        return _run(made)
    return _comment(made)


def _without_nop(made: str) -> tuple[str, bool]:
    """Return what stands behind the classic builder's mark, and whether it is there."""
    if made.startswith(_NOP_HEADS):
        at = made.find(_NOP, 0, _NOP_HEAD_MAX)
        if at >= 0:
            return made[at + len(_NOP) :].strip(), True
    return made, False


def _instruction(word: str, rest: str, config: Mapping[str, Any]) -> str:
    if word == "RUN":
        return _run(rest)
    if word in ("ADD", "COPY"):
        return _copied(word, rest)
    if word in ("ENV", "LABEL"):
        return f"{word} {_quoted(rest, _known(word, config))}\n"
    if word in ("EXPOSE", "VOLUME"):
        return f"{word} {_listed(rest)}\n"
    if word == "HEALTHCHECK":
        return _check(rest)
    if word == "FROM":
        return _comment(f"FROM {rest}")
    return f"{word} {_joined(rest)}\n"


def _run(text: str) -> str:
    """Return a RUN of a command line, with the build's arguments in a comment."""
    before = ""
    args = _ARGS.match(text)
    if args is not None:
        shell = _SHELL.search(text)
        if shell is not None:
            before = f"# with {_clean(text[args.end() : shell.start()].strip())}\n"
            text = text[shell.start() :]
    shell = _SHELL.match(text)
    command = text[shell.end() :] if shell is not None else text
    if "\n" in command:
        end = _end(command)
        return f"{before}RUN <<{end}\n{command.rstrip()}\n{end}\n"
    return f"{before}RUN {_broken(command)}\n"


def _end(text: str) -> str:
    """Return a word that no line of a here-document is."""
    lines, number, word = set(text.split("\n")), 0, "EOF"
    while word in lines:
        number += 1
        word = f"EOF{number}"
    return word


def _broken(command: str) -> str:
    """Break a command where its lines were joined: at runs of blanks outside of quotes."""
    parts, start, seen, double, single = [], 0, 0, 0, 0
    for found in _BREAK.finditer(command):
        at = found.start()
        double += command.count('"', seen, at)
        single += command.count("'", seen, at)
        seen = at
        if double % 2 or single % 2:
            continue
        parts.append(command[start:at])
        start = found.end()
    parts.append(command[start:])
    return " \\\n    ".join(part for part in parts if part)


def _copied(word: str, rest: str) -> str:
    hashed = _HASHED.match(rest)
    if hashed is None:
        return f"{word} {_joined(rest)}\n"
    source = hashed.group().removesuffix(" in ").strip()
    place = _joined(rest[hashed.end() :])
    return f"# {source} stands for files of the build's context\n{word} {source[:16]} {place}\n"


def _check(rest: str) -> str:
    """Return a HEALTHCHECK from how Go prints one, or a comment."""
    found = _CHECK.fullmatch(rest) if len(rest) <= _CHECK_MAX and rest.endswith("}") else None
    if found is None:
        return f"HEALTHCHECK {_joined(rest)}\n"
    words = _QUOTED.findall(found[1])
    if not words or words[0] == '"NONE"':
        return "HEALTHCHECK NONE\n"
    times = f"# times: {_clean(found[2].strip())}\n" if found[2].strip() else ""
    if words[0] == '"CMD-SHELL"' and len(words) == 2:
        return f"{times}HEALTHCHECK CMD {_joined(words[1][1:-1])}\n"
    return f"{times}HEALTHCHECK CMD [{', '.join(words[1:])}]\n"


def _listed(text: str) -> str:
    """Return ports or volumes from how Go prints them: `map[80/tcp:{}]`, `[/data]`."""
    found = _MAP.fullmatch(text)
    if found is not None:
        return " ".join(part.removesuffix(":{}") for part in found[1].split())
    if text.startswith("[") and text.endswith("]") and '"' not in text:
        return " ".join(text[1:-1].split())
    return _joined(text)


def _quoted(text: str, known: Mapping[str, str]) -> str:
    """Return `NAME=VALUE` with quotes about a value with blanks, where the image confirms it."""
    name, equals, value = text.partition("=")
    if equals and known.get(name) == value and not re.fullmatch(r"[A-Za-z0-9_./:@%+,=-]*", value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
        return f'{name}="{_joined(escaped)}"'
    return _joined(text)


def _known(word: str, config: Mapping[str, Any]) -> dict[str, str]:
    inner = config.get("config")
    if not isinstance(inner, dict):
        return {}
    if word == "ENV":
        return dict(_pairs(inner.get("Env")))
    labels = inner.get("Labels")
    if not isinstance(labels, dict):
        return {}
    return {key: value for key, value in labels.items() if isinstance(value, str)}


def _pairs(env: object) -> Iterator[tuple[str, str]]:
    for entry in env if isinstance(env, list) else ():
        if isinstance(entry, str):
            name, _, value = entry.partition("=")
            yield name, value


def _settings(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a configuration without history says of how the image runs."""
    inner = config.get("config")
    if not isinstance(inner, dict):
        return
    for word in ("ENV", "LABEL"):
        for name, value in list(_known(word, config).items())[:VALUES_MAX]:
            yield f"{word} {_quoted(f'{name}={value}', {name: value})}\n"
    for word, key in (("EXPOSE", "ExposedPorts"), ("VOLUME", "Volumes")):
        found = inner.get(key)
        if isinstance(found, dict) and found:
            yield f"{word} {' '.join(_clean(str(one)) for one in list(found)[:VALUES_MAX])}\n"
    for word, key in (("WORKDIR", "WorkingDir"), ("USER", "User"), ("STOPSIGNAL", "StopSignal")):
        if isinstance(inner.get(key), str) and inner[key]:
            yield f"{word} {_clean(inner[key])}\n"
    for word, key in (("ENTRYPOINT", "Entrypoint"), ("CMD", "Cmd")):
        words = inner.get(key)
        if isinstance(words, list) and words:
            shown = ", ".join(_json(str(one)) for one in words[:VALUES_MAX])
            yield f"{word} [{shown}]\n"


def _json(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.translate(_CONTROL)}"'


def _joined(text: str) -> str:
    """Return a text of several lines as one instruction."""
    return text.strip().replace("\n", " \\\n    ")


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.split("\n"))


def _clean(text: str) -> str:
    return " ".join(text.translate(_CONTROL).split())
