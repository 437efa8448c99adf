"""Faults of feeds, each planted into a feed of its own: found at its line, and nothing else is."""
# ruff: noqa: E501 - a fault is a line, and so is what is said of it

from __future__ import annotations

from collections.abc import Callable

from planted import CLEAN, CONF, Planted, by_line, copied, findings_of, seen

from sites import Site

New = Callable[..., Site]
ATOM = """\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>http://127.0.0.1:8000/</id>
<title>T</title>
<updated>2026-01-01T00:00:00Z</updated>
<author><name>A</name></author>
<link href="http://127.0.0.1:8000/"/>
<entry>
<id>http://127.0.0.1:8000/first-post/</id>
<title>T</title>
<updated>2026-01-01T00:00:00Z</updated>
<link href="http://127.0.0.1:8000/first-post/"/>
</entry>
</feed>
"""
ENTRY = ATOM[ATOM.index("<entry>") : ATOM.index("</feed>")]
RSS = """\
<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0">
<channel>
<title>T</title>
<link>http://127.0.0.1:8000/</link>
<description>D</description>
<item>
<title>T</title>
<link>http://127.0.0.1:8000/first-post/</link>
<guid>1</guid>
<pubDate>Thu, 01 Jan 2026 00:00:00 +0000</pubDate>
</item>
</channel>
</rss>
"""
RSS_ITEM = RSS[RSS.index("<item>") : RSS.index("</channel>")]
JSON_FEED = """\
{
"version": "https://jsonfeed.org/version/1.1",
"title": "T",
"home_page_url": "http://127.0.0.1:8000/",
"items": [
{"id": "1",
"url": "http://127.0.0.1:8000/first-post/",
"date_published": "2026-01-01T00:00:00Z",
"content_text": "C"}
]
}
"""
JSON_ITEM = JSON_FEED[JSON_FEED.index('{"id"') : JSON_FEED.index("\n]\n}")]


def feed(name: str, line: int, says: str, text: str, old: str, new: str) -> Planted:
    assert text.count(old) >= 1
    return copied(name, line, "feed", says, text.replace(old, new))


FEEDS = {
    "Atom that is no XML": feed("a-xml.xml", 4, "is no XML", ATOM, "<title>T</title>\n<updated>2026-01-01T00:00:00Z</updated>\n<author>", "<title>T & U</title>\n<updated>2026-01-01T00:00:00Z</updated>\n<author>"),
    "Atom without an id": feed("a-id.xml", 2, "the feed has no id", ATOM, "<id>http://127.0.0.1:8000/</id>", ""),
    "Atom without an update": feed("a-updated.xml", 2, "the feed has no updated", ATOM, "<updated>2026-01-01T00:00:00Z</updated>\n<author>", "<author>"),
    "an entry without a title": feed("a-title.xml", 8, "has no title", ATOM, "first-post/</id>\n<title>T</title>", "first-post/</id>"),
    "an entry's id that is none": feed("a-iri.xml", 9, "its id is no IRI: first", ATOM, "<id>http://127.0.0.1:8000/first-post/</id>", "<id>first</id>"),
    "an entry's date that is none": feed("a-date.xml", 11, "updated is no date of RFC 3339: today", ATOM, "<updated>2026-01-01T00:00:00Z</updated>\n<link", "<updated>today</updated>\n<link"),
    "two entries with one id": feed("a-twice.xml", 14, "two entries have the id", ATOM, ENTRY, ENTRY * 2),
    "entries of nobody": feed("a-author.xml", 8, "has no author, nor has the feed", ATOM, "<author><name>A</name></author>", ""),
    "an entry that leads nowhere": feed("a-nowhere.xml", 8, "neither content nor an alternate link", ATOM, '<link href="http://127.0.0.1:8000/first-post/"/>', ""),
    "an entry's link that is relative": feed("a-relative.xml", 12, "its link is not absolute: /first-post/", ATOM, '<link href="http://127.0.0.1:8000/first-post/"/>', '<link href="/first-post/"/>'),
    "an entry's link that is dead": feed("a-dead.xml", 12, "its link is dead: /gone-entry/", ATOM, '<link href="http://127.0.0.1:8000/first-post/"/>', '<link href="http://127.0.0.1:8000/gone-entry/"/>'),
    "RSS of another version": feed("r-version.xml", 2, "version is '0.91'", RSS, 'rss version="2.0"', 'rss version="0.91"'),
    "RSS without a description": feed("r-description.xml", 3, "the channel has no description", RSS, "<description>D</description>", ""),
    "RSS without a channel": feed("r-channel.xml", 2, "has no channel", '<?xml version="1.0"?>\n<rss version="2.0">\n</rss>', "?xml", "?xml"),
    "an item that says nothing": feed("r-nothing.xml", 7, "neither title nor description", RSS, "<item>\n<title>T</title>", "<item>"),
    "two items with one guid": feed("r-twice.xml", 13, "two items have the guid 1", RSS, RSS_ITEM, RSS_ITEM * 2),
    "an item's date that is none": feed("r-date.xml", 11, "pubDate is no date of RFC 822: today", RSS, "Thu, 01 Jan 2026 00:00:00 +0000", "today"),
    "an item's link that is dead": feed("r-dead.xml", 9, "its link is dead: /gone-item/", RSS, "first-post", "gone-item"),
    "a JSON Feed that is no JSON": feed("j-feed.json", 3, "is no JSON", JSON_FEED, '"title": "T"', '"title": T'),
    "a JSON Feed that is a list": feed("j-list-feed.json", 1, "is no object", "[1]", "[1]", "[2]"),
    "a JSON Feed of another version": feed("j-version.json", 2, "version is 'https://jsonfeed.org/version/2'", JSON_FEED, "version/1.1", "version/2"),
    "a JSON Feed without a title": feed("j-title.json", 1, "has no title", JSON_FEED, '"title": "T",', ""),
    "a JSON Feed without items": feed("j-items.json", 5, "has no list of items", JSON_FEED, f"[\n{JSON_ITEM}\n]", "1"),
    "a JSON Feed's home that is relative": feed("j-home.json", 4, "home_page_url is not absolute: /", JSON_FEED, '"http://127.0.0.1:8000/"', '"/"'),
    "an item's id that is a number": feed("j-id.json", 6, "item 1 has no id that is a text", JSON_FEED, '"id": "1"', '"id": 12345'),
    "two items with one id": feed("j-twice.json", 10, "two items have the id 1", JSON_FEED, JSON_ITEM, f"{JSON_ITEM},\n{JSON_ITEM}"),
    "an item without content": feed("j-content.json", 6, "neither content_html nor content_text", JSON_FEED, ',\n"content_text": "C"', ""),
    "an item's day that is none": feed("j-date.json", 8, "date_published is no date of RFC 3339: today", JSON_FEED, "2026-01-01T00:00:00Z", "today"),
    "an item's address that is dead": feed("j-dead.json", 7, "url is dead: /gone-post/", JSON_FEED, "first-post", "gone-post"),
    "an item's author who is nobody": feed("j-author.json", 6, "an author without name, url and avatar", JSON_FEED, '"content_text": "C"', '"content_text": "C", "authors": [{}]'),
}  # fmt: skip


def test_faults_of_feeds_are_found_where_they_are_and_good_ones_are_valid(new_site: New) -> None:
    good = {"content/extra/a.xml": ATOM, "content/extra/r.xml": RSS, "content/extra/j.json": JSON_FEED}
    site = new_site({**CLEAN, **good}, CONF)
    for planted in FEEDS.values():
        site.write(dict(planted.files))
    found = findings_of(site)
    wanted = {planted.place: planted for planted in FEEDS.values()}
    assert len(wanted) == len(FEEDS)
    assert seen(found) == sorted(((place, planted.rule) for place, planted in wanted.items()), key=by_line)
    for finding in found:
        assert wanted[f"{finding.file}:{finding.line}"].says in str(finding)
    # Those of the site itself were looked at too.
    assert {"feed.json", "feeds/all.atom.xml", "feeds/all.rss.xml"} <= set(_files(site))


def _files(site: Site) -> list[str]:
    built = site.root / "var/check"
    return [path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()]
