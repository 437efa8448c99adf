"""The only reader of `pelicanconf.py` and of the environment.

Build half and run-time half both get one frozen `Settings`: the site, the environment, and one model
per slice. A misspelt setting of ours is refused, with the nearest name.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from milepost import slices
from milepost.errors import SettingsError
from milepost.schema import SliceSettings, nearest

Model = TypeVar("Model", bound=SliceSettings)


class Site(BaseModel):
    """What Pelican's own settings say of the site; paths are absolute."""

    model_config = ConfigDict(frozen=True)

    name: str
    url: str
    """SITEURL without a trailing slash: scheme, host and path prefix."""
    timezone: str
    lang: str
    content: Path
    output: Path
    theme: Path
    article_paths: tuple[str, ...]
    page_paths: tuple[str, ...]
    file: Path
    """The settings file itself."""


class Environment(BaseModel):
    """What comes from the environment: state, secrets, servers. Nothing of it is ever published.

    A field's alias is its variable, and its docstring is what the docs say of it.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, use_attribute_docstrings=True)

    var: Path = Field(Path("var"), alias="MILEPOST_VAR")
    """The folder of all state: databases, archive, caches, outbox."""
    given_secret: str | None = Field(None, alias="MILEPOST_SECRET")
    """What signs tokens and keys hashes; without it, one is made at the first start, in `secret` below MILEPOST_VAR."""
    database_url: str = Field("", alias="MILEPOST_DATABASE_URL")
    """Where subscribers and deliveries are, such as postgresql+psycopg://…; without it, SQLite below MILEPOST_VAR."""
    smtp_url: str | None = Field(None, alias="MILEPOST_SMTP_URL")
    """The mail server: smtp://user:password@host:port, smtps://… or smtp+starttls://…; without it, mail goes to the
    outbox."""
    dkim_key: Path | None = Field(None, alias="MILEPOST_DKIM_KEY")
    """The file of an RSA key in PEM, by which mails are signed (DKIM); without it, the mail server may sign."""
    archive_url: str = Field("", alias="MILEPOST_ARCHIVE_URL")
    """The folder of the archive of events; without it, `archive` below MILEPOST_VAR."""
    engine: str = Field("duckdb", alias="MILEPOST_ENGINE")
    """What computes the measures: duckdb, local[N] for Spark with N cores here, or spark://host:port."""
    import_key: str | None = Field(None, alias="MILEPOST_IMPORT_KEY")
    """The bearer key of /journey/v1/import, which takes what happens elsewhere; without it, the route is off."""
    report_password: str | None = Field(None, alias="MILEPOST_REPORT_PASSWORD")
    """The password of /journeys/, by basic authentication; without it, `milepost app` does not show the report."""
    limits: bool = Field(True, alias="MILEPOST_LIMITS")
    """on, or off for load tests: no limit per network or address. Only a loopback host may be without."""
    forwarded_allow_ips: str | None = Field(None, alias="FORWARDED_ALLOW_IPS")
    """The addresses of trusted proxies; without them no forwarded header is believed."""
    disqus_public_key: str | None = Field(None, alias="DISQUS_PUBLIC_KEY")
    """The public key of a Disqus application; `milepost comments fetch` needs it."""
    disqus_api_base: str = Field("https://disqus.com/api/3.0", alias="DISQUS_API_BASE")
    """Where the API of Disqus is."""

    def secret(self) -> bytes:
        """The key that signs tokens and keys hashes; made at first use in `var/secret`, mode 600."""
        if self.given_secret:
            return self.given_secret.encode()
        path = self.var / "secret"
        self.var.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Linked into place, so that two processes that start together agree on one whole secret.
            mine = path.with_name(f"secret.{os.getpid()}")
            descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(mine, path)
            except FileExistsError:
                pass
            finally:
                mine.unlink()
        return path.read_bytes().strip()


class Settings(BaseModel):
    """Everything the slices may know of where they run."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    site: Site
    env: Environment
    enabled: tuple[str, ...]
    """The slices that PLUGINS switches on."""
    models: dict[str, SliceSettings]
    pelican: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    """Pelican's settings as they are, for rules that are Pelican's own: slugs, output paths, excluded folders."""

    def of(self, model: type[Model]) -> Model:
        """The settings of one slice, asked for by its model class: `settings.of(Settings)`."""
        return next(value for value in self.models.values() if isinstance(value, model))


def load(file: Path, overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `file` as Pelican would, and the environment.

    Raises:
        SettingsError: when the file is missing, is not Python, or has a setting of ours that is wrong.
    """
    from pelican.settings import read_settings

    if not file.is_file():
        raise SettingsError(f"{file}: no such settings file; run from the site's folder or name it with -s")
    try:
        pelican_settings = read_settings(str(file), override=dict(overrides or {}))
    except Exception as error:  # the file is a program: anything can happen in it
        raise SettingsError(f"{file}: {type(error).__name__}: {error}") from error
    return from_pelican(pelican_settings, file, environ)


def from_pelican(
    pelican_settings: Mapping[str, Any], file: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """The same for settings that Pelican has read already (its plugins are handed those)."""
    file = file or Path(environ.get("MILEPOST_SETTINGS", "pelicanconf.py"))
    enabled = slices.enabled(pelican_settings.get("PLUGINS") or ())
    models = {name: module.Settings for name, module in slices.parts("model") if hasattr(module, "Settings")}
    _refuse_misspelt(pelican_settings, models, file)
    values = {name: _slice_settings(model, pelican_settings, file) for name, model in models.items()}
    return Settings(
        site=_site(pelican_settings, file),
        env=environment(environ),
        enabled=enabled,
        models=values,
        pelican=pelican_settings,
    )


def environment(environ: Mapping[str, str] = os.environ) -> Environment:
    """The variables that `Environment` names; one that is set to nothing is not set."""
    given = {str(field.alias): environ.get(str(field.alias)) for field in Environment.model_fields.values()}
    found: dict[str, Any] = {variable: value for variable, value in given.items() if value}
    limits = found.pop("MILEPOST_LIMITS", "on")
    if limits not in ("on", "off"):
        raise SettingsError(f"MILEPOST_LIMITS is {limits!r}; say on or off")
    var = Path(found.pop("MILEPOST_VAR", "var")).absolute()
    below = {
        "MILEPOST_DATABASE_URL": f"sqlite:///{var / 'milepost.sqlite'}",
        "MILEPOST_ARCHIVE_URL": str(var / "archive"),
    }
    return Environment.model_validate({**below, **found, "MILEPOST_VAR": var, "MILEPOST_LIMITS": limits == "on"})


def _site(values: Mapping[str, Any], file: Path) -> Site:
    return Site(
        name=values["SITENAME"],
        url=values["SITEURL"].rstrip("/"),
        timezone=values.get("TIMEZONE") or "UTC",
        lang=values["DEFAULT_LANG"],
        content=Path(values["PATH"]).absolute(),
        output=Path(values["OUTPUT_PATH"]).absolute(),
        theme=Path(values["THEME"]).absolute(),
        article_paths=tuple(values["ARTICLE_PATHS"]),
        page_paths=tuple(values["PAGE_PATHS"]),
        file=file.absolute(),
    )


def _slice_settings(model: type[SliceSettings], values: Mapping[str, Any], file: Path) -> SliceSettings:
    names = {field.alias or name for name, field in model.model_fields.items()}
    try:
        return model.model_validate({name: values[name] for name in names if name in values})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"])
        raise SettingsError(f"{file}:{_line_of(file, str(fault['loc'][0]))}: {where}: {fault['msg']}") from error


def _refuse_misspelt(values: Mapping[str, Any], models: Mapping[str, type[SliceSettings]], file: Path) -> None:
    from pelican.settings import DEFAULT_CONFIG

    ours = {field.alias for model in models.values() for field in model.model_fields.values() if field.alias}
    # A first word that is Pelican's too (SITE_, ARTICLE_) does not make a setting ours.
    prefixes = {name.split("_")[0] for name in ours} - {name.split("_")[0] for name in DEFAULT_CONFIG}
    # Pelican asks for AUTHORS_SAVE_AS and the like by the name of each direct template; it has no default for them.
    direct = {f"{name.upper()}_{end}" for name in values.get("DIRECT_TEMPLATES", ()) for end in ("SAVE_AS", "URL")}
    for name in values:
        if name in ours or name in DEFAULT_CONFIG or name in direct or not name.isupper():
            continue
        near = nearest(name, ours, cutoff=0.85)
        if near or name.split("_")[0] in prefixes:
            near = near or nearest(name, ours, cutoff=0.0)
            raise SettingsError(f'{file}:{_line_of(file, name)}: unknown setting "{name}"; did you mean "{near}"?')


def _line_of(file: Path, name: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    # The last one, since that is the one that counts.
    return max((number for number, line in enumerate(lines, 1) if re.match(rf"{name}\b", line)), default=1)
