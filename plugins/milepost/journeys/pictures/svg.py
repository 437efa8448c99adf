"""SVG as text: elements whose attributes and words are escaped, numbers rounded. Knows no picture."""

from __future__ import annotations

from markupsafe import Markup, escape


def tag(name: str, *inside: str, **attributes: str | float | None) -> Markup:
    """One element; `class_` is `class`, `stroke_width` is `stroke-width`; None leaves an attribute out."""
    told = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value if isinstance(value, str) else short(value))
        for key, value in attributes.items()
        if value is not None
    )
    if not inside:
        return Markup("<{}{}/>").format(name, told)
    return Markup("<{0}{1}>{2}</{0}>").format(name, told, Markup("").join(map(escape, inside)))


def short(number: float) -> str:
    """At most two digits after the point."""
    return f"{number:.2f}".rstrip("0").rstrip(".") if number % 1 else str(int(number))


def picture(width: float, height: float, label: str, *inside: str, class_: str, role: str = "img") -> Markup:
    """A whole drawing with the name that is read aloud; what it shows is told by a table beside it.

    Args:
        role: `group` where there are links in it, which an `img` would hide.
    """
    return tag(
        "svg", *inside, class_=class_, viewBox=f"0 0 {short(width)} {short(height)}", role=role, aria_label=label
    )


def cut(text: str, most: int) -> str:
    """No more than `most` characters of it."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
