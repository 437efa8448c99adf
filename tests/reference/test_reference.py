"""The reference says what the code does: it is current, it is whole, and what the docs tell people to type exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from milepost.app import create_app
from milepost.schema import KINDS
from milepost.settings import Environment, environment, load
from reference import commands, fields, rules, settings
from reference.write import FOLDER, PAGES
from sites import ROOT, Site, article
from walkthrough import Run, runs

DOCS = [*sorted((ROOT / "content" / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
_TERM = re.compile(r"^`([^`\n]+)` \{#([\w-]+)\}\n:   (.+)$", re.MULTILINE)


def terms(page: str) -> dict[str, str]:
    """What a page says of each term, by name; no two of one name may lead to one place."""
    found = _TERM.findall((FOLDER / page).read_text(encoding="utf-8"))
    ids = [place for _, place, _ in found]
    assert sorted(set(ids)) == sorted(ids)
    return {place: f"{name} {about}" for name, place, about in found}


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_is_what_make_reference_would_write(page: str) -> None:
    assert (FOLDER / page).read_text(encoding="utf-8") == PAGES[page](), "run `make reference`"


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_explained(kind: str) -> None:
    found = terms("fields.md")
    for name, field in fields.schemas()[kind].items():
        assert field.description, f"{kind}: {name} has no docstring"
        place = f"{kind}-{name}" if (kind,) in fields.OWN else name
        assert place.replace("_", "-") in found, f"{kind}: {name} is not in the reference"


def test_every_setting_is_explained() -> None:
    found = terms("settings.md")
    for model in settings.models().values():
        for field in model.model_fields.values():
            assert field.description, f"{field.alias} has no docstring"
            assert found[str(field.alias).lower().replace("_", "-")].startswith(f"{field.alias} ")


def test_every_variable_is_explained_and_read() -> None:
    found = terms("environment.md")
    given = {"MILEPOST_LIMITS": "off", "MILEPOST_VAR": "/other"}
    for name, field in Environment.model_fields.items():
        variable = str(field.alias)
        assert field.description, f"{variable} has no docstring"
        assert found[variable.lower().replace("_", "-")].startswith(f"{variable} ")
        changed = environment({variable: given.get(variable, "something else")})
        assert getattr(changed, name) != getattr(environment({}), name), f"{variable} is not read"


def test_every_command_and_each_of_its_options_is_explained_with_an_example() -> None:
    text = (FOLDER / "commands.md").read_text(encoding="utf-8")
    for name, command in commands.commands().items():
        section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert name in commands.example(command)
        assert f"$ {commands.example(command)}\n" in section
        for option, about in commands.shown(command).items():
            assert about.strip(), f"{name}: {option} has no help"
            assert f"\n`{option}` " in (text if commands.is_shared(option) else section)


def test_every_rule_is_explained() -> None:
    assert list(terms("rules.md")) == sorted(rules.rules())


def test_every_address_of_the_services_is_on_the_page_of_addresses_and_no_other(tmp_path: Path) -> None:
    loaded = load(ROOT / "pelicanconf.py", environ={"MILEPOST_VAR": str(tmp_path)})
    answered = {
        f"{method} {re.sub(r'{path:path}', '', re.sub(r'{([a-z]+)}', lambda name: name[1].upper(), route.path))}"
        for route in create_app(loaded, tmp_path, preview=True).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    page = (FOLDER / "addresses.md").read_text(encoding="utf-8")
    listed = re.findall(r"`((?:GET|POST)(?:, POST)?) (/[^`]*)`", page)
    assert {f"{method} {path}" for methods, path in listed for method in methods.split(", ")} == answered


def test_every_file_on_the_page_of_addresses_is_in_a_built_site(new_site: Callable[..., Site]) -> None:
    site = new_site({"content/articles/a.md": f"Redirect_from: /old/\n{article()}"}, "TOUCHPOINT_VITALS = 0.5")
    assert site.pelican().returncode == 0
    page = (FOLDER / "addresses.md").read_text(encoding="utf-8").partition("## Files of a built site")[2]
    names = [name for line in page.splitlines() if line.startswith("`") for name in re.findall(r"`([^`]+)`", line)]
    assert len(names) > 5
    assert [name for name in names if not (site.output / name).is_file()] == []


def typed(page: Path) -> Iterator[list[str]]:
    """What a page tells its reader to type, a command at a time, without variables before it."""
    for run in runs(page.read_text(encoding="utf-8")):
        words = shlex.split(run.command)
        while "=" in words[0]:
            words = words[1:]
        yield words


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_the_docs_exists_with_the_options_that_it_is_given(page: Path) -> None:
    for program, *rest in typed(page):
        if program == "make":
            assert {word for word in rest if "=" not in word} <= commands.targets().keys(), rest
        elif program.rpartition("/")[2] == "milepost":
            names = [name for name in commands.commands() if [*rest[: name.count(" ")]] == name.split()[1:]]
            assert len(names) == 1, f"no such command: milepost {' '.join(rest)}"
            known = set(re.findall(r"-{1,2}[a-z][a-z-]*", " ".join(commands.shown(commands.commands()[names[0]]))))
            assert {word for word in rest if word.startswith("-")} <= known, rest


def test_what_is_no_command_is_found() -> None:
    assert list(runs("```console\n$ milepost nothing\n```\n")) == [Run("milepost nothing", ())]
    assert "milepost nothing" not in commands.commands()
