"""The pages on which a reader chooses: the confirmation, and the page of their own that every mail leads to.

Plain forms that post to their own address, like those of `pages`; a GET never changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from milepost.newsletter.choices import chosen, zones
from milepost.newsletter.model import Choices, Rhythm, Topic
from milepost.newsletter.pages import Page, button, page, text

RHYTHM_NAMES: Mapping[Rhythm, str] = {
    "each": "Each article, when it appears",
    "daily": "Once a day, in the morning",
    "weekly": "Once a week, on Monday morning",
}


def confirm(address: str, choices: Choices, offered: Sequence[Topic], zone: str) -> Page:
    """Asks whether it was them, and what they would like; `zone` is the site's."""
    return page(
        "Confirm your subscription",
        Markup("<p>Shall we send new articles to <strong>{}</strong>?</p>").format(shown(address)),
        Markup('<form method="post">{}<button type="submit">Yes, subscribe me</button></form>').format(
            _fields(choices, offered, zone, ask_zone="guess")
        ),
        text("If it was not you who asked, close this page: nothing more will come."),
    )


def preferences(row: Any, agreed: Any, offered: Sequence[Topic], zone: str, leave: str, *, saved: bool = False) -> Page:
    """What a subscriber has chosen, what is kept of them, and the ways out.

    Args:
        row, agreed: their row, and the newest of their consents, or None.
        leave: address of the page that unsubscribes.
        saved: whether they have just changed something.
    """
    parts = [
        Markup("<p><strong>{}</strong> is {}, since {:%Y-%m-%d}.</p>").format(
            shown(row.address), row.state, row.changed_at
        )
    ]
    if saved:
        parts.insert(0, Markup('<p role="status"><strong>Saved.</strong> It holds from the next mail on.</p>'))
    if row.state == "active":
        parts += [
            Markup("<h2>What you get</h2>"),
            Markup('<form method="post">{}<button type="submit" name="do" value="save">Save</button></form>').format(
                _fields(chosen(row), offered, zone)
            ),
        ]
    parts += [Markup("<h2>What you agreed to</h2>"), *_agreed(agreed)]
    if row.state in ("active", "pending"):
        parts.append(Markup('<p><a href="{}">Unsubscribe</a></p>').format(leave))
    parts += [
        Markup("<h2>What we keep of you</h2>"),
        text("Everything that we keep of this address is in one file, for you to read or to take elsewhere."),
        button("Download it", "export"),
        text(
            "You can have it erased. Then we write to this address no more, unless you subscribe anew. "
            "There is no way back, and nobody here has to agree."
        ),
        Markup(
            '<form method="post"><label><input type="checkbox" name="sure" value="yes" required> '
            'Yes, erase everything</label><button type="submit" name="do" value="erase">Erase it</button></form>'
        ),
    ]
    return page("Your subscription", *parts)


def shown(address: str) -> Markup:
    """`address`, and beside a domain of other letters than ASCII what it is in ASCII: letters can look alike."""
    name, _, domain = address.rpartition("@")
    if domain.isascii():
        return Markup("{}").format(address)
    ascii_domain = domain.encode("idna").decode("ascii") if _encodes(domain) else "?"
    return Markup("{}@{} ({})").format(name, domain, ascii_domain)


def _encodes(domain: str) -> bool:
    try:
        domain.encode("idna")
    except UnicodeError:
        return False
    return True


def _agreed(agreed: Any) -> list[Markup]:
    if agreed is None:
        return [text("We have no record of what you agreed to.")]
    where = Markup(" on the page {}").format(agreed.page) if agreed.page else Markup("")
    when = Markup(", confirmed {:%Y-%m-%d}").format(agreed.confirmed_at) if agreed.confirmed_at else Markup("")
    return [
        Markup("<p>You were asked {:%Y-%m-%d}{}{}:</p>\n<blockquote><p>{}</p></blockquote>").format(
            agreed.asked_at, where, when, agreed.wording
        )
    ]


def _fields(choices: Choices, offered: Iterable[Topic], zone: str, ask_zone: str = "") -> Markup:
    topics = Markup("\n").join(
        _choice("checkbox", "topic", topic.slug, topic.name, not choices.topics or topic.slug in choices.topics)
        for topic in offered
    )
    rhythms = Markup("\n").join(
        _choice("radio", "rhythm", rhythm, name, rhythm == choices.rhythm) for rhythm, name in RHYTHM_NAMES.items()
    )
    about = Markup("<fieldset><legend>About</legend>\n{}\n</fieldset>\n").format(topics) if topics else Markup("")
    return Markup(
        "\n{}<fieldset><legend>How often</legend>\n{}\n</fieldset>\n"
        '<div><label>Your time zone, for the mornings\n<select name="zone"{}>{}</select></label></div>\n'
    ).format(about, rhythms, Markup(" data-guess") if ask_zone else "", _zones(choices.zone or zone))


def _choice(kind: str, name: str, value: str, label: str, on: bool) -> Markup:
    return Markup('<label><input type="{}" name="{}" value="{}"{}> {}</label>').format(
        kind, name, value, Markup(" checked") if on else "", label
    )


def _zones(selected: str) -> Markup:
    groups = []
    for region, names in groupby(zones(), key=lambda name: name.partition("/")[0]):
        options = Markup("").join(
            Markup('<option value="{}"{}>{}</option>').format(
                name, Markup(" selected") if name == selected else "", name.partition("/")[2].replace("_", " ") or name
            )
            for name in names
        )
        groups.append(Markup('<optgroup label="{}">{}</optgroup>').format(region, options))
    return Markup("").join(groups)
