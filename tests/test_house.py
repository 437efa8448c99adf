"""The house is in order: who imports whom, what a start costs, and that there is one package."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost import slices
from sites import ROOT

PACKAGE = ROOT / "plugins" / "milepost"
FILES = sorted(PACKAGE.rglob("*.py"))
RUN_TIME = ("store", "service", "collector")
HEAVY = ("pelican", "pydantic", "ibis", "sqlalchemy", "starlette")
HELP_SECONDS = 0.4


def imports(path: Path, *, module_level: bool = False) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of everything that `path` imports of this package and of others.

    `from milepost.docs import model` names `milepost.docs` and `milepost.docs.model`, since it may be either.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if module_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = path.relative_to(PACKAGE.parent).with_suffix("").parts[: -node.level]
                module = ".".join([*package, module]).rstrip(".")
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def slice_of(path: Path) -> str | None:
    first = path.relative_to(PACKAGE).parts[0]
    return first if first in slices.NAMES else None


def named(dotted: str) -> tuple[str, ...]:
    """("docs", "model") of "milepost.docs.model.Settings"; empty for what is none of ours."""
    parts = dotted.split(".")
    return tuple(parts[1:3]) if parts[0] == "milepost" else ()


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_there_is_one_package_in_plugins() -> None:
    folders = {path.name for path in PACKAGE.parent.iterdir() if path.is_dir() and not path.name.endswith(".egg-info")}
    assert folders - {"__pycache__"} == {"milepost"}


def test_every_folder_of_the_package_is_a_slice_that_is_looked_up() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(slices.NAMES)


def test_no_slice_imports_a_slice() -> None:
    wrong = [
        f"{where(path, line)} imports {dotted}"
        for path in FILES
        for dotted, line in imports(path)
        if (own := slice_of(path))
        and named(dotted)[:1]
        and named(dotted)[0] in slices.NAMES
        and named(dotted)[0] != own
    ]
    assert wrong == []


def test_the_core_imports_no_slice_but_where_they_are_composed() -> None:
    wrong = [
        f"{where(path, line)} imports {dotted}"
        for path in FILES
        if not slice_of(path) and path.name not in ("app.py", "cli.py")
        for dotted, line in imports(path)
        if named(dotted)[:1] and named(dotted)[0] in slices.NAMES
    ]
    assert wrong == []


def test_the_page_half_and_the_run_time_half_do_not_meet() -> None:
    halves = {"plugin": RUN_TIME, **dict.fromkeys(RUN_TIME, ("plugin",))}
    wrong = [
        f"{where(path, line)} imports {dotted}"
        for path in FILES
        if slice_of(path) and path.stem in halves
        for dotted, line in imports(path)
        if named(dotted)[1:] and named(dotted)[1] in halves[path.stem]
    ]
    assert wrong == []


def test_a_run_time_half_knows_no_pelican() -> None:
    wrong = [
        f"{where(path, line)} imports {dotted}"
        for path in FILES
        if slice_of(path) and path.stem in RUN_TIME
        for dotted, line in imports(path)
        if dotted.split(".")[0] == "pelican"
    ]
    assert wrong == []


def test_a_model_knows_errors_and_shapes_and_nothing_else_of_ours() -> None:
    wrong = [
        f"{where(path, line)} imports {dotted}"
        for path in FILES
        if slice_of(path) and path.stem == "model"
        for dotted, line in imports(path)
        if named(dotted) and named(dotted)[0] not in ("errors", "schema")
    ]
    assert wrong == []


def test_importing_a_slice_imports_nothing() -> None:
    wrong = [
        f"{where(path, line)} imports {dotted}"
        for path in PACKAGE.glob("*/__init__.py")
        for dotted, line in imports(path, module_level=True)
        if not dotted.startswith("__future__")
    ]
    assert wrong == []


def test_importing_the_commands_imports_nothing_heavy() -> None:
    script = "import sys, json, milepost.cli; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert loaded & set(HEAVY) == set()


def test_help_answers_at_once() -> None:
    def seconds() -> float:
        began = time.perf_counter()
        subprocess.run([str(Path(sys.executable).with_name("milepost")), "--help"], capture_output=True, check=True)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(3)) < HELP_SECONDS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("lock", ["requirements.lock", "tests/requirements.lock", "tests/node/package-lock.json"])
def test_a_lock_file_holds_digests_and_names_no_host_to_download_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert ("sha256:" in text or "sha512-" in text, '"resolved"' in text, "index-url" in text) == (True, False, False)
