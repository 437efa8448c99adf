"""What the newsletter's pages say: title and the whole of `<main>`, a heading included, for the shell's slot.

A page that could act has a form that posts to its own address: a GET never changes anything.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from milepost.newsletter.model import PENDING_LIFE

_DAYS = PENDING_LIFE.days


class Page(NamedTuple):
    """A page's title, and its HTML, in which everything that came from outside is escaped."""

    title: str
    html: Markup


def _page(title: str, *parts: Markup) -> Page:
    return Page(title, Markup("\n").join([Markup("<h1>{}</h1>").format(title), *parts]))


def _text(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)


def _button(label: str) -> Markup:
    return Markup('<form method="post"><button type="submit">{}</button></form>').format(label)


def subscribe() -> Page:
    """For whoever opens the form's address by itself."""
    return _page("Subscribe", _text("Subscribe with the form on this page."))


def look_into_your_mail() -> Page:
    """The answer to every signup, whatever the address's state: it names nothing that would tell."""
    return _page(
        "Please look into your mail",
        _text("We have sent you a mail. Its link leads to a button: press it, and you are subscribed."),
        _text(f"The link is good for {_DAYS} days. If there is no mail after a few minutes, look where junk is kept."),
    )


def wrong_address(why: str) -> Page:
    """The answer to an address that is none; `why` is a sentence."""
    return _page(
        "That is no mail address",
        _text(why),
        _text("Nothing was kept. Please try again with the form on this page."),
    )


def too_many() -> Page:
    """The answer to a network that signs up too often."""
    return _page("Too many signups", _text("Too many signups came from your network. Please try again in an hour."))


def not_from_here() -> Page:
    """The answer to a form of another site."""
    return _page("Not from this site", _text("Nothing was changed. Please use the form or the button on this site."))


def unreadable() -> Page:
    """The answer to a body that no form of ours sends."""
    return _page("That was no form", _text("Nothing was kept. Please use the form on this page."))


def not_now() -> Page:
    """The answer while the database does not."""
    return _page("Not now", _text("Something is wrong on our side, and nothing was changed. Please try again later."))


def confirm(address: str) -> Page:
    """Asks whether it was them."""
    return _page(
        "Confirm your subscription",
        Markup("<p>Shall we send new articles to <strong>{}</strong>?</p>").format(address),
        _button("Yes, subscribe me"),
        _text("If it was not you who asked, close this page: nothing more will come."),
    )


def subscribed() -> Page:
    """After the confirmation, and whenever its link is opened again."""
    return _page(
        "You are subscribed",
        _text("Thank you. New articles come by mail from now on, and each mail has a link that ends it."),
    )


def unsubscribe(address: str) -> Page:
    """Asks once, since a mail scanner may have opened the link."""
    return _page(
        "Unsubscribe",
        Markup("<p>Shall we stop sending new articles to <strong>{}</strong>?</p>").format(address),
        _button("Unsubscribe"),
    )


def unsubscribed() -> Page:
    """After leaving, and for everybody who is not subscribed."""
    return _page(
        "You are not subscribed",
        _text(
            "No more articles are sent to this address. If that was a mistake, subscribe with the form on this page."
        ),
    )


def preferences(address: str, state: str, since: datetime, wording: str, page: str, leave: str) -> Page:
    """What is kept of a subscriber, and the way out.

    Args:
        wording: what they agreed to; `page`: path of the page on which they did, or empty.
        leave: address of the page that unsubscribes.
    """
    where = Markup(" on the page {}").format(page) if page else Markup("")
    return _page(
        "Your subscription",
        Markup("<p><strong>{}</strong> is {}, since {:%Y-%m-%d}.</p>").format(address, state, since),
        Markup("<p>You agreed to this{}:</p>\n<blockquote><p>{}</p></blockquote>").format(where, wording),
        Markup('<p><a href="{}">Unsubscribe</a></p>').format(leave),
    )


def link_expired(made: datetime) -> Page:
    """For a confirmation that came too late; `made` is when its mail was written."""
    return _page(
        "This link is no longer good",
        _text(f"The mail with it was sent on {made:%Y-%m-%d}, and its link was good for {_DAYS} days."),
        _text("Nothing of the signup was kept. Please subscribe again with the form on this page."),
    )


def link_used() -> Page:
    """For a confirmation that has nothing left to confirm."""
    return _page(
        "There is nothing to confirm",
        _text("This signup was ended, or it came too long ago. Please subscribe again with the form on this page."),
    )


def link_broken() -> Page:
    """For a token that is none of ours."""
    return _page(
        "This link does not work",
        _text("It may have been cut off. Please open it from the mail again, or copy the whole of it."),
    )
