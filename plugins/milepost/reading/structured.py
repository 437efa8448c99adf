"""Structured data by schema.org: what a page is, who wrote and publishes it, and where in the site it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from milepost.reading.model import Settings
from milepost.reading.pictures.gallery import KEY
from milepost.reading.text import plain

Thing = dict[str, Any]
MOST_COMMENTS = 100
"""So many comments are said twice on a page, to readers and to machines; of the others machines learn the number."""


def graph(context: Mapping[str, Any], settings: Settings, title: str, description: str, url: str) -> Thing:
    """All that is to be said of the page rendered with `context`, as one JSON-LD graph."""
    site, article, page = context["SITEURL"], context.get("article"), context.get("page")
    publisher = _organization(context, settings)
    things: list[Thing] = []
    if article:
        things.append(_text("BlogPosting", article, context, publisher, description, url))
        section = [(article.category.name, f"{site}/{article.category.url}")] if article.category.page_name else []
        things.append(_breadcrumbs([(context["SITENAME"], f"{site}/"), *section, (title, url)]))
    elif context.get("doc"):
        things.append(_text("TechArticle", page, context, publisher, description, url))
        crumbs = [(plain(name), f"{site}/{place}") for name, place in getattr(page, "breadcrumbs", ())]
        things.append(_breadcrumbs([(context["SITENAME"], f"{site}/"), *(crumbs or [(title, url)])]))
    elif "author" in context:
        things.append({**_person(context["author"], context), "description": description})
        things.append(_breadcrumbs([(context["SITENAME"], f"{site}/"), (title, url)]))
    elif context.get("page_name") == "index":
        things += [
            {"@type": "WebSite", "@id": f"{site}/#site", "name": context["SITENAME"], "url": f"{site}/"},
            publisher,
        ]
        things[0] |= {"description": description, "inLanguage": context["DEFAULT_LANG"]}
        things[0]["publisher"] = {"@id": publisher["@id"]}
    else:
        things += [publisher, _breadcrumbs([(context["SITENAME"], f"{site}/"), (title, url)])]
    return {"@context": "https://schema.org", "@graph": things}


def absolute(site: str, place: str) -> str:
    """`place` as an absolute address: it may be one already, or be below SITEURL."""
    return place if "://" in place else f"{site}/{place.lstrip('/')}"


def picture(context: Mapping[str, Any], place: str) -> str:
    """The absolute address of the picture at `place`, in a form that every program can show."""
    gallery = context.get(KEY)
    return str(gallery.src(place)) if gallery else absolute(context["SITEURL"], place)


def _organization(context: Mapping[str, Any], settings: Settings) -> Thing:
    site, known = context["SITEURL"], settings.organization
    thing: Thing = {"@type": "Organization", "@id": f"{site}/#organization"}
    thing |= {"name": known.name if known else context["SITENAME"]}
    thing["url"] = absolute(site, known.url) if known and known.url else f"{site}/"
    if known and known.description:
        thing["description"] = known.description
    if known and known.logo:
        thing["logo"] = absolute(site, known.logo)
    return thing


def _text(
    kind: str, content: Any, context: Mapping[str, Any], publisher: Thing, description: str, url: str
) -> Thing:  # fmt: skip
    thing: Thing = {
        "@type": kind,
        "headline": plain(content.title),
        "description": description,
        "url": url,
        "mainEntityOfPage": url,
        "inLanguage": content.lang,
        "publisher": publisher,
    }
    people = [_person(author, context) for author in getattr(content, "authors", ())]
    thing["author"] = people or {"@id": publisher["@id"]}
    if getattr(content, "date", None):
        thing["datePublished"] = content.date.isoformat()
        thing["dateModified"] = (getattr(content, "modified", None) or content.date).isoformat()
    if getattr(content, "image", None):
        thing["image"] = picture(context, content.image)
    if kind == "BlogPosting":
        thing["articleSection"] = str(content.category.name)
        thing |= _comments(getattr(content, "comments", None), url)
    if tags := [str(tag.name) for tag in getattr(content, "tags", ())]:
        thing["keywords"] = tags
    return thing


def _comments(thread: Any, url: str) -> Thing:
    """How many comments the article has, and the first of them, as a tree; nothing where it has none."""
    if not getattr(thread, "count", 0):
        return {}
    left = MOST_COMMENTS

    def things(comments: Sequence[Any]) -> list[Thing]:
        nonlocal left
        found: list[Thing] = []
        for comment in comments:
            if left <= 0:
                break
            if comment.deleted:
                found += things(comment.children)
                continue
            left -= 1
            address = f"{url}#comment-{comment.id}"
            thing: Thing = {"@type": "Comment", "@id": address, "url": address, "text": plain(comment.html)}
            thing |= {"dateCreated": comment.at.isoformat(), "author": {"@type": "Person", "name": comment.author}}
            replies = things(comment.children)
            found.append(thing | ({"comment": replies} if replies else {}))
        return found

    return {"commentCount": thread.count, "comment": things(thread.posts)}


def _person(author: Any, context: Mapping[str, Any]) -> Thing:
    site = context["SITEURL"]
    bio = getattr(author, "bio", None)
    thing: Thing = {"@type": "Person", "name": str(author.name), "url": f"{site}/{author.url}"}
    if bio is None:
        return thing
    known = {"jobTitle": bio.role, "worksFor": bio.organisation and {"@type": "Organization", "name": bio.organisation}}
    known |= {"image": bio.photo and picture(context, bio.photo), "sameAs": [url for _, url in bio.links]}
    return thing | {name: value for name, value in known.items() if value}


def _breadcrumbs(crumbs: Sequence[tuple[str, str]]) -> Thing:
    items = [
        {"@type": "ListItem", "position": position, "name": str(name), "item": url}
        for position, (name, url) in enumerate(crumbs, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}
