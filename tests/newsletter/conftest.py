"""Both databases for the newsletter's tests: SQLite in a file, and a private PostgreSQL that lives for one run."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import BOTH_AT_LENGTH, Run, runner, site_with_feed
from signups import Serving, empty, serving, settings_for
from sqlalchemy import Engine, create_engine

from milepost.db import engine_for
from milepost.newsletter import store
from milepost.settings import environment
from sites import Site

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """A factory of URLs of empty databases in a cluster of this run's own, reached by a socket in its folder."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not folders:
        pytest.skip("PostgreSQL is not installed; `make peers` does that")
    programs = folders[-1].parent
    # Not in pytest's folder: that is its owner's alone, and PostgreSQL refuses to run as root.
    root = Path(tempfile.mkdtemp(prefix="milepost-pg-"))
    as_somebody: list[str] = []
    if os.geteuid() == 0:
        as_somebody = ["runuser", "-u", "nobody", "--"]
        shutil.chown(root, "nobody")
    data, log = str(root / "data"), str(root / "log")

    def run(program: str, *arguments: str) -> None:
        command = [*as_somebody, str(programs / program), *arguments]
        subprocess.run(command, check=True, cwd=root, stdout=subprocess.DEVNULL)

    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")
    run("pg_ctl", "-D", data, "-l", log, "-w", "-o", f"-k {root} -c listen_addresses='' -c fsync=off", "start")
    base = "postgresql+psycopg://postgres@/{}?host=" + str(root)
    admin = create_engine(base.format("postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    def new_database() -> str:
        name = f"test_{next(_numbers)}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return base.format(name)

    # As an upgrade of the server does it: whoever is connected is cut off.
    new_database.restart = lambda: run("pg_ctl", "-D", data, "-w", "-m", "fast", "restart", "-l", log)  # type: ignore[attr-defined]
    yield new_database
    admin.dispose()
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(root)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'milepost.sqlite'}"
    new_database: Callable[[], str] = request.getfixturevalue("postgresql")
    return new_database()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newsletter's tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "milepost.sqlite"
    _open(f"sqlite:///{path}", path.parent).dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with the newsletter's tables, to be emptied."""
    opened = _open(postgresql(), tmp_path_factory.mktemp("var"))
    yield opened
    opened.dispose()


def _open(url: str, var: Path) -> Engine:
    return store.open_store(environment({"MILEPOST_VAR": str(var), "MILEPOST_DATABASE_URL": url}))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(site, "send", "x", …)`: see `commands.runner`."""
    return runner(monkeypatch, capsys)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The newsletter's empty store on each database in turn."""
    if request.param == "postgresql":
        yield emptied(request)
    else:
        path = tmp_path / "milepost.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        opened = engine_for(f"sqlite:///{path}")
        yield opened
        opened.dispose()


def emptied(request: pytest.FixtureRequest) -> Engine:
    """The PostgreSQL database that tests share, without a row."""
    opened: Engine = request.getfixturevalue("migrated_postgresql")
    empty(opened)
    return opened


@pytest.fixture(params=BOTH_AT_LENGTH)
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site with a feed and an empty store, on each database in turn, which the environment of its commands names."""
    made = site_with_feed(tmp_path / "site")
    if request.param == "postgresql":
        url = emptied(request).url.render_as_string(hide_password=False)
        monkeypatch.setenv("MILEPOST_DATABASE_URL", url)
    else:
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), made.root / "var" / "milepost.sqlite")
    return made


@pytest.fixture(scope="module", params=BOTH_AT_LENGTH)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A newsletter that a module's tests share, on each database in turn."""
    with serving(settings_for(tmp_path_factory.mktemp("site"), _new_url(request))) as one:
        yield one


@pytest.fixture
def served(running: Serving) -> Serving:
    """A newsletter that nobody has signed up for yet."""
    running.begin_again()
    return running


@pytest.fixture(params=BOTH_AT_LENGTH)
def served_alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    """One that a test may break."""
    with serving(settings_for(tmp_path, _new_url(request))) as one:
        yield one


def _new_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database; nothing where it is the site's own file."""
    if request.param == "sqlite":
        return ""
    new_database: Callable[[], str] = request.getfixturevalue("postgresql")
    return new_database()
