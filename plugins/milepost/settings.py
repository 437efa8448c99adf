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
    """What comes from the environment: state, secrets, servers. Nothing of it is ever published."""

    model_config = ConfigDict(frozen=True)

    var: Path
    database_url: str
    smtp_url: str | None
    archive_url: str
    engine: str
    import_key: str | None
    report_password: str | None
    limits: bool
    disqus_public_key: str | None
    disqus_api_base: str
    given_secret: str | None
    forwarded_allow_ips: str | None
    """The trusted proxies; without them no forwarded header is believed."""

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
    """The variables of the docs' table "Environment", with their defaults."""
    var = Path(environ.get("MILEPOST_VAR") or "var").absolute()
    limits = environ.get("MILEPOST_LIMITS") or "on"
    if limits not in ("on", "off"):
        raise SettingsError(f"MILEPOST_LIMITS is {limits!r}; say on or off")
    return Environment(
        var=var,
        database_url=environ.get("MILEPOST_DATABASE_URL") or f"sqlite:///{var / 'milepost.sqlite'}",
        smtp_url=environ.get("MILEPOST_SMTP_URL") or None,
        archive_url=environ.get("MILEPOST_ARCHIVE_URL") or str(var / "archive"),
        engine=environ.get("MILEPOST_ENGINE") or "duckdb",
        import_key=environ.get("MILEPOST_IMPORT_KEY") or None,
        report_password=environ.get("MILEPOST_REPORT_PASSWORD") or None,
        limits=limits == "on",
        disqus_public_key=environ.get("DISQUS_PUBLIC_KEY") or None,
        disqus_api_base=environ.get("DISQUS_API_BASE") or "https://disqus.com/api/3.0",
        given_secret=environ.get("MILEPOST_SECRET") or None,
        forwarded_allow_ips=environ.get("FORWARDED_ALLOW_IPS") or None,
    )


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
