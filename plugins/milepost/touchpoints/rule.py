"""A rule of the plan: which pages a tactic has, by path, kind, category and tag. Knows nothing of what it places."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from milepost.touchpoints.model import Located

_WILD = re.compile(r"[*?\[]")
Text = Annotated[str, StringConstraints(min_length=1)]


class Rule(BaseModel):
    """Which pages: those of which everything is true that the rule names. Topics are slugs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Text | None = None
    kind: Text | None = None
    category: Text | None = None
    tag: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _names_something(self) -> Rule:
        if not self.model_fields_set:
            raise ValueError("a rule that names nothing")
        return self

    def matches(self, page: Located) -> bool:
        """Whether the page is one of those."""
        return (
            (self.path is None or fnmatchcase(page.place, self.path))
            and self.kind in (None, page.kind)
            and self.category in (None, page.category)
            and (self.tag is None or self.tag in page.tags)
        )

    @property
    def specificity(self) -> tuple[int, ...]:
        """Greater is more specific: the path of one page; then more conditions; a tag; a category; a longer path."""
        path = self.path or ""
        named = sum(value is not None for value in (self.path, self.kind, self.category, self.tag))
        return (
            int(bool(path) and not _WILD.search(path)),
            named,
            int(self.tag is not None),
            int(self.category is not None),
            len(_WILD.split(path)[0]),
            len(re.sub(r"[*?\[\]]", "", path)),
        )
