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


def page(title: str, *parts: Markup) -> Page:
    """A page with a heading and what is below it."""
    return Page(title, Markup("\n").join([Markup("<h1>{}</h1>").format(title), *parts]))


def text(words: str) -> Markup:
    """`words`, escaped."""
    return Markup("<p>{}</p>").format(words)


def button(label: str, do: str = "") -> Markup:
    """A form of one button; `do` is what it asks for, where its page can do several things."""
    named = Markup(' name="do" value="{}"').format(do) if do else Markup("")
    return Markup('<form method="post"><button type="submit"{}>{}</button></form>').format(named, label)


def subscribe() -> Page:
    """For whoever opens the form's address by itself."""
    return page("Subscribe", text("Subscribe with the form on this page."))


def look_into_your_mail() -> Page:
    """The answer to every signup, whatever the address's state: it names nothing that would tell."""
    return page(
        "Please look into your mail",
        text("We have sent you a mail. Its link leads to a button: press it, and you are subscribed."),
        text(f"The link is good for {_DAYS} days. If there is no mail after a few minutes, look where junk is kept."),
    )


def wrong_address(why: str) -> Page:
    """The answer to an address that is none; `why` is a sentence."""
    return page(
        "That is no mail address",
        text(why),
        text("Nothing was kept. Please try again with the form on this page."),
    )


def too_many() -> Page:
    """The answer to a network that signs up too often."""
    return page("Too many signups", text("Too many signups came from your network. Please try again in an hour."))


def not_from_here() -> Page:
    """The answer to a form of another site."""
    return page("Not from this site", text("Nothing was changed. Please use the form or the button on this site."))


def unreadable() -> Page:
    """The answer to a body that no form of ours sends."""
    return page("That was no form", text("Nothing was kept. Please use the form on this page."))


def not_now() -> Page:
    """The answer while the database does not."""
    return page("Not now", text("Something is wrong on our side, and nothing was changed. Please try again later."))


def subscribed(preferences: str) -> Page:
    """After the confirmation, and whenever its link is opened again; `preferences` is the address of their page."""
    return page(
        "You are subscribed",
        text("Thank you. New articles come by mail from now on, and each mail has a link that ends it."),
        Markup('<p>What comes, and when, you can <a href="{}">change at any time</a>.</p>').format(preferences),
    )


def unsubscribe(address: str) -> Page:
    """Asks once, since a mail scanner may have opened the link."""
    return page(
        "Unsubscribe",
        Markup("<p>Shall we stop sending new articles to <strong>{}</strong>?</p>").format(address),
        button("Unsubscribe"),
    )


def unsubscribed() -> Page:
    """After leaving, and for everybody who is not subscribed."""
    return page(
        "You are not subscribed",
        text("No more articles are sent to this address. If that was a mistake, subscribe with the form on this page."),
    )


def erased() -> Page:
    """After the erasure, which leaves nothing that could be shown."""
    return page(
        "Everything is erased",
        text("We keep nothing but a mark that tells us not to write; it cannot be turned back into an address."),
        text("Mails that are with you already stay with you; their links have nothing left to act on."),
    )


def link_expired(made: datetime) -> Page:
    """For a confirmation that came too late; `made` is when its mail was written."""
    return page(
        "This link is no longer good",
        text(f"The mail with it was sent on {made:%Y-%m-%d}, and its link was good for {_DAYS} days."),
        text("Nothing of the signup was kept. Please subscribe again with the form on this page."),
    )


def link_used() -> Page:
    """For a confirmation that has nothing left to confirm."""
    return page(
        "There is nothing to confirm",
        text("This signup was ended, or it came too long ago. Please subscribe again with the form on this page."),
    )


def link_broken() -> Page:
    """For a token that is none of ours."""
    return page(
        "This link does not work",
        text("It may have been cut off. Please open it from the mail again, or copy the whole of it."),
    )
