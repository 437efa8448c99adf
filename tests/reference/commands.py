"""The page of commands, from the command line itself, and the targets of `make`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from milepost.cli import cli
from reference.words import anchor, page, prose, term, terms
from sites import ROOT

SUMMARY = "Every command with its arguments and options and an example, and the targets of make."
BEGIN = """\
In a checkout, `milepost` is `.venv/bin/milepost`. The exit status is 0 when it is done, 1 when the work has
faults, and 2 when the command was misused. Progress is shown on terminals alone.

`--help` prints what is here. These options belong to every command:"""
MAKE = """\
## make

`make` alone lists its targets. Each sets up what it needs first."""
SHARED = ("--settings", "--verbose", "--help")
_TARGET = re.compile(r"^([a-z-]+):.*## (.*)$", re.MULTILINE)


def commands() -> dict[str, Any]:
    """Every command that does something, by its whole name: `milepost journeys report`."""
    return dict(_below("milepost", get_command(cli)))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
    for part, sub in sorted(getattr(command, "commands", {}).items()):
        yield from _below(f"{name} {part}", sub)


def parameters(command: Any, context: Any) -> dict[str, str]:
    """What `--help` says of each argument and option: `--by LEVEL` and what it does."""
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    return dict(record for record in records if record)


def targets() -> dict[str, str]:
    """The targets that `make` lists, and what they do."""
    return dict(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def text() -> str:
    """The page."""
    found = commands()
    some = next(iter(found.values()))
    every = {name: about for name, about in shown(some).items() if is_shared(name)}
    parts = [BEGIN, _listed("every", every)]
    for name, command in found.items():
        own = {option: about for option, about in shown(command).items() if not is_shared(option)}
        parts.append(f"## {name}\n\n{_about(command)}\n\n```console\n$ {example(command)}\n```")
        if own:
            parts.append(_listed(name.removeprefix("milepost "), own))
    parts += [MAKE, terms(term(f"make {name}", anchor("make", name), prose(what)) for name, what in targets().items())]
    return page("Commands", 4, SUMMARY, *parts)


def example(command: Any) -> str:
    """The example that its `--help` ends with."""
    return str(command.epilog).removeprefix("Example: ")


def _about(command: Any) -> str:
    return "\n\n".join(prose(paragraph) for paragraph in str(command.help).split("\n\n"))


def shown(command: Any) -> dict[str, str]:
    """The arguments and options of a command, and what `--help` says of each."""
    return parameters(command, command.make_context(command.name, [], resilient_parsing=True))


def is_shared(name: str) -> bool:
    """Whether it is an option that every command has."""
    return any(option in name for option in SHARED)


def _listed(prefix: str, options: dict[str, str]) -> str:
    return terms(term(name, anchor(prefix, _named(name)), *_described(about)) for name, about in options.items())


def _named(name: str) -> str:
    """`output` of `-o, --output <path>`, `kind` of `kind <article|doc>`."""
    return name.rpartition("--")[2].partition(" ")[0]


def _described(about: str) -> tuple[str, str]:
    """What an option does, and what stands in brackets behind it: its default, its variable, or that it is required."""
    what, _, facts = about.partition("  [")
    told = ("; ".join(_fact(fact) for fact in facts.removesuffix("]").split("; ")) + ".") if facts else ""
    return prose(what), told[:1].upper() + told[1:]


def _fact(fact: str) -> str:
    name, colon, value = fact.partition(": ")
    if not colon:
        return "required" if fact == "required" else f"`{fact}`"
    return f"{name.replace('env var', 'environment').replace('default', 'by default')} `{value.strip('()')}`"
