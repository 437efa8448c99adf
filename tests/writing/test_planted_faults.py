"""Faults of every kind, each planted alone into a clean site: found at its file and line, and nothing else is.

What shows in sources alone is planted one at a time. What shows in built pages is planted together, each into a file of
its own, since a build takes a second: the whole list of findings is compared all the same.
"""
# ruff: noqa: E501 - a fault is a line, and so is what is said of it

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
from planted import (
    ABOUT,
    ADA,
    CLEAN,
    CONF,
    FIRST,
    OBJECTIVE,
    PLAN,
    PNG,
    Planted,
    by_line,
    copied,
    findings_of,
    first,
    seen,
)

from sites import ROOT, Site, article

New = Callable[..., Site]
BODY = 12
"""The line of what `first(body)` is given, if it has no further `head`."""


def other(title: str = "Other", head: str = "", body: str = "Text.") -> dict[str, str | bytes]:
    return {"content/articles/zz-other.md": head + article(title, 3, body)}


OTHER = "content/articles/zz-other.md"
SOURCES = {
    # Front matter.
    "an unknown field": Planted(f"{FIRST}:1", "unknown-field", 'did you mean "Title"?', {FIRST: article("A").replace("Title:", "Titel:")}),
    "no title": Planted(f"{OTHER}:1", "missing-field", 'no "Title"', {OTHER: article("A").partition("\n")[2]}),
    "no date": Planted(f"{OTHER}:1", "missing-field", 'no "Date"', {OTHER: "Title: A\n\nText.\n"}),
    "an empty title": Planted(f"{OTHER}:1", "empty-field", '"Title" is empty', other("")),
    "a date that is none": Planted(f"{OTHER}:2", "date", '"2026-02-30" is no date', {OTHER: "Title: A\nDate: 2026-02-30\n\nText.\n"}),
    "an update that is none": Planted(f"{OTHER}:1", "date", '"yesterday" is no date', other(head="Updated: yesterday\n")),
    "an unknown status": Planted(f"{OTHER}:1", "status", 'did you mean "draft"?', other(head="Status: drafft\n")),
    "a field twice": Planted(f"{OTHER}:2", "repeated-field", "stands here and in line 1", other(head="Title: Other\n")),
    "a field over two lines": Planted(f"{OTHER}:1", "repeated-field", "goes on over several lines", other(head="Keywords: a\n    b\n")),
    "an empty first line": Planted(f"{OTHER}:1", "missing-field", "the first line is empty", other(head="\n")),
    "bytes that are no text": Planted(f"{OTHER}:2", "text", "is not UTF-8", {OTHER: b"Title: A\nSummary: caf\xe9\n"}),
    "a lead picture that is none": Planted(f"{OTHER}:1", "picture", "is no picture that can be read", {**other(head="Image: images/x.png\nImage_alt: A\n"), "content/images/x.png": b"x"}),
    "a picture that is none": Planted(f"{OTHER}:8", "picture", "is no SVG", {**other(body="![A](x.svg)"), "content/images/x.svg": b"x"}),
    "a block that nobody knows": Planted(f"{OTHER}:8", "block", 'did you mean "note"?', other(body="/// noet\nText.\n///")),
    "a block that does not end": Planted(f"{OTHER}:8", "block", "does not end", other(body="/// note\nText.")),
    "a formula that is none": Planted(f"{OTHER}:8", "math", "a { that is not closed", other(body="$\\frac{1$")),
    "a style within a text": Planted(f"{OTHER}:8", "policy", "style= on <b>", other(body='<b style="color: red">x</b>')),
    "a script within a text": Planted(f"{OTHER}:8", "policy", "a script within the page", other(body="<script>x()</script>")),
    "a lead picture from elsewhere": Planted(f"{OTHER}:1", "field", "no path below the content folder", other(head="Image: https://x.example/a.png\nImage_alt: A\n")),
    # Slugs and files.
    "a title without a letter": Planted(f"{OTHER}:1", "slug", "no slug can be made", other("???")),
    "two articles with one slug": Planted(f"{OTHER}:1", "slug", f"that of {FIRST} too", other("First post")),
    "two pages with one slug": Planted("content/pages/us.md:2", "slug", f"that of {ABOUT} too", {"content/pages/us.md": "Title: Us\nSlug: about\n\nWe.\n"}),
    "an article where a page is": Planted(f"{ABOUT}:2", "output-path", f"as {OTHER} is", other("About")),
    "a page where a listing is": Planted("content/pages/tags.md:1", "output-path", "the site's own tags page", {"content/pages/tags.md": "Title: Tags\n\nText.\n"}),
    "a file out of the output": Planted(f"{OTHER}:1", "output-path", "outside the output folder", other(head="Save_as: ../x.html\n")),
    "two docs in one file": Planted("content/docs/a/index.md:1", "output-path", "rename one of them", {"content/docs/a.md": "Title: A\n\nText.\n", "content/docs/a/index.md": "Title: B\n\nText.\n"}),
    # Links and images of sources.
    "a dead {filename}": Planted(f"{FIRST}:{BODY}", "dead-link", "there is no articles/gone.md", first("[x]({filename}gone.md)")),
    "a dead {static}": Planted(f"{FIRST}:{BODY}", "dead-link", "there is no extra/gone.pdf", first("[x]({static}/extra/gone.pdf)")),
    "a dead {attach}": Planted(f"{FIRST}:{BODY}", "dead-link", "there is no articles/gone.pdf", first("[x]({attach}gone.pdf)")),
    "an indicator that Pelican does not know": Planted(f"{FIRST}:{BODY}", "dead-link", "did you mean {filename}?", first("[x]({filname}second.md)")),
    "a link to a draft": Planted(f"{FIRST}:{BODY}", "dead-link", "is not published yet", {**first("[x]({filename}zz-other.md)"), **other(head="Status: draft\n")}),
    "a link to what is to come": Planted(f"{FIRST}:{BODY}", "dead-link", "is not published yet", {**first("[x]({filename}zz-other.md)"), OTHER: "Title: A\nDate: 2999-01-01\n\nText.\n"}),
    "a link out of the content": Planted(f"{FIRST}:{BODY}", "dead-link", "leads out of the content folder", first("[x]({static}../../pelicanconf.py)")),
    "a link to a file as to a source": Planted(f"{FIRST}:{BODY}", "dead-link", "write {static}/images/dot.png", first("[x]({filename}/images/dot.png)")),
    "a link to a source as to a file": Planted(f"{FIRST}:{BODY}", "dead-link", "write {filename}second.md", first("[x]({static}second.md)")),
    "a link to an author's file": Planted(f"{FIRST}:{BODY}", "dead-link", "has no page of its own", first("[x]({filename}/authors/ada.md)")),
    "a link to a source by its own name": Planted(f"{FIRST}:{BODY}", "dead-link", "write {filename}second.md", first("[x](second.md)")),
    "a dead link in a summary": Planted(f"{OTHER}:2", "dead-link", "there is no articles/gone.md", {OTHER: "Title: A\nSummary: [x]({filename}gone.md)\nDate: 2026-01-01\n\nText.\n"}),
    "a dead reference": Planted(f"{FIRST}:{BODY + 2}", "dead-link", "there is no articles/gone.md", first("See [x][1].\n\n[1]: {filename}gone.md")),
    "a dead link in HTML": Planted(f"{FIRST}:{BODY}", "dead-link", "there is no articles/gone.md", first('<a href="{filename}gone.md">x</a>')),
    "an image that is not there": Planted(f"{FIRST}:{BODY}", "missing-image", "add images/gone.png", first("![A dot]({static}/images/gone.png)")),
    "an image that says nothing": Planted(f"{FIRST}:{BODY}", "image-alt", "says nothing to those who cannot see it", first("![](/images/dot.png)")),
    "an image of HTML that says nothing": Planted(f"{FIRST}:{BODY}", "image-alt", "says nothing", first('<img src="/images/dot.png">')),
    "a lead picture that is not there": Planted(f"{OTHER}:1", "missing-image", "image images/gone.png is not there", other(head="Image: images/gone.png\nImage_alt: A dot\n")),
    "a lead picture that says nothing": Planted(f"{OTHER}:1", "image-alt", 'add "Image_alt: …"', other(head="Image: images/dot.png\n")),
    # Series and old addresses.
    "a number in no series": Planted(f"{OTHER}:1", "series", "a number in no series", other(head="Series_index: 1\n")),
    "a series number that is no number": Planted(f"{OTHER}:2", "field", "is no whole number", other(head="Series: S\nSeries_index: one\n")),
    "a series number of nought": Planted(f"{OTHER}:2", "field", "greater than 0", other(head="Series: S\nSeries_index: 0\n")),
    "two parts with one number": Planted(f"{OTHER}:2", "series", f"{FIRST} is part 1", {**first(head="Series: S\nSeries_index: 1\n"), **other(head="Series: S\nSeries_index: 1\n")}),
    "an old address that is its own": Planted(f"{OTHER}:1", "redirect", "a loop", other(head="Redirect_from: /other/\n")),
    "an old address that is another's": Planted(f"{OTHER}:1", "redirect", f"the address of {FIRST}", other(head="Redirect_from: /first-post/\n")),
    "an old address that is a listing's": Planted(f"{OTHER}:1", "redirect", "the site's own archives page", other(head="Redirect_from: /archives/\n")),
    "an old address of two": Planted(f"{OTHER}:1", "redirect", f"leads to {FIRST} already", {**first(head="Redirect_from: /was/\n"), **other(head="Redirect_from: /was/\n")}),
    "an old address that is no path": Planted(f"{OTHER}:1", "redirect", "is no old address", other(head="Redirect_from: https://old.example/was\n")),
    # Authors.
    "an author without a name": Planted("content/authors/bo.md:1", "missing-field", 'no "Name"', {"content/authors/bo.md": "Role: Editor\n\nA bio.\n"}),
    "an author twice": Planted("content/authors/bo.md:1", "author-twice", f"has a file already: {ADA}", {"content/authors/bo.md": "Name: Ada Sample\n\nA bio.\n"}),
    "two authors with one slug": Planted("content/authors/bo.md:2", "author-twice", f"that of {ADA} too", {"content/authors/bo.md": "Name: Bo\nSlug: ada-sample\n\nA bio.\n"}),
    "an author's slug that is none": Planted("content/authors/bo.md:2", "slug", "is no slug", {"content/authors/bo.md": "Name: Bo\nSlug: Bo B\n\nA bio.\n"}),
    "an author's link without an address": Planted("content/authors/bo.md:2", "author-link", "has no address", {"content/authors/bo.md": "Name: Bo\nLinks: Site\n\nA bio.\n"}),
    "an author's link that is unsafe": Planted("content/authors/bo.md:2", "author-link", "is no https:", {"content/authors/bo.md": "Name: Bo\nLinks: Site javascript:alert(1)\n\nA bio.\n"}),
    "an author's photo that is not there": Planted("content/authors/bo.md:2", "missing-image", "photo images/bo.jpg is not there", {"content/authors/bo.md": "Name: Bo\nPhoto: images/bo.jpg\n\nA bio.\n"}),
    # Touchpoints and the plan.
    "a touchpoint that is none": Planted(f"{OTHER}:1", "touchpoint", "is no touchpoint", other(head="Touchpoint: Not This\n")),
    "a touchpoint twice": Planted(f"{OTHER}:1", "touchpoint", f"that of {FIRST} too", {**first(head="Touchpoint: x\n"), **other(head="Touchpoint: x\n")}),
    "a tactic that the plan has not": Planted(f"{OTHER}:1", "placement", 'did you mean "essays"?', other(head="Tactic: essay\n")),
    "a tactic below another strategy": Planted(f"{OTHER}:2", "placement", 'no tactic "essays" below', other(head="Strategy: present\nTactic: essays\n")),
    "a plan that is no TOML": Planted(f"{PLAN}:3", "plan", "no TOML", {PLAN: OBJECTIVE.replace('title = "More', 'title = More')}),
    "a plan with an unknown key": Planted(f"{PLAN}:4", "plan", 'did you mean "measure"?', {PLAN: OBJECTIVE.replace("measure =", "mesure =")}),
    "an objective without a target": Planted(f"{PLAN}:1", "plan", "has no target", {PLAN: OBJECTIVE.replace("target = 500\n", "")}),
    "an objective that ends before it begins": Planted(f"{PLAN}:7", "plan", "is over before it begins", {PLAN: OBJECTIVE.replace("2027", "2025")}),
    "a target of nought": Planted(f"{PLAN}:5", "plan", "write a number above 0", {PLAN: OBJECTIVE.replace("500", "0")}),
    "two strategies with one slug": Planted(f"{PLAN}:19", "plan", 'a second strategy "useful"', {PLAN: OBJECTIVE.replace('"present"', '"useful"')}),
    # The theme.
    "a template that is none": Planted("look/article.html:2", "template", "unknown tag 'endblok'", {"look/article.html": "{% block content %}\n{% endblok %}\n"}, "THEME_TEMPLATES_OVERRIDES = ['look']"),
    # Allowances.
    "an allowance without a reason": Planted(f"{OTHER}:1", "allow", "is allowed for no reason", other(head="Allow: image-alt\n")),
    "an allowance of no rule": Planted(f"{OTHER}:1", "allow", 'did you mean "image-alt"?', other(head="Allow: image-alts: why\n")),
}  # fmt: skip


@pytest.mark.parametrize("planted", SOURCES.values(), ids=SOURCES.keys())
def test_a_fault_of_sources_is_found_where_it_is_and_nothing_else_is(new_site: New, planted: Planted) -> None:
    found = findings_of(new_site({**CLEAN, **planted.files}, f"{CONF}\n{planted.conf}"))
    assert seen(found) == [(planted.place, planted.rule)]
    assert planted.says in str(found[0])
    assert found[0].severity == "error"


def test_the_site_that_faults_are_planted_into_is_clean(new_site: New) -> None:
    assert findings_of(new_site(dict(CLEAN), CONF)) == []


def built(name: str, body: str, head: str = "") -> dict[str, str | bytes]:
    return {f"content/articles/b-{name}.md": head + article(f"B {name}", 4, f"Hello.\n\n## A part\n\n{body}")}


def in_page(name: str, rule: str, says: str, body: str, line: int = BODY) -> Planted:
    return Planted(f"content/articles/b-{name}.md:{line}", rule, says, built(name, body))


def data(thing: dict[str, object]) -> str:
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


def html(body: str, head: str = "") -> str:
    return f'<!DOCTYPE html>\n<html lang="en">\n<head><title>X</title>{head}</head>\n<body>\n<h1>X</h1>\n{body}\n</body>\n</html>\n'


REFRESH = '<meta http-equiv="refresh" content="0; url={}">'
AUTHOR = {"@type": "Person", "name": "Ada"}
POST = {
    "@context": "https://schema.org",
    "@type": "BlogPosting",
    "headline": "H",
    "datePublished": "2026-01-01",
    "author": AUTHOR,
}
CRUMBS = {"@context": "https://schema.org", "@type": "BreadcrumbList"}
ITEM = {"@type": "ListItem", "position": 1, "name": "One", "item": "http://127.0.0.1:8000/"}

PAGES = {
    # Links, anchors and images.
    "a dead address": in_page("address", "dead-link", "/gone-address/: nothing is published there", "[x](/gone-address/)"),
    "a dead whole address": in_page("whole", "dead-link", "/gone-whole/: nothing is published there", "[x](http://127.0.0.1:8000/gone-whole/)"),
    "a dead relative address": in_page("near", "dead-link", "/gone-near/: nothing is published there", "[x](../gone-near/)"),
    "an address that is nearly right": in_page("nearly", "dead-link", "did you mean /first-post/?", "[x](/first-pots/)"),
    "an anchor that its page has not": in_page("own", "dead-anchor", 'this page has no "a-prat"; did you mean #a-part?', "[x](#a-prat)"),
    "an anchor that another page has not": in_page("other", "dead-anchor", 'that page has no "gone"', "[x]({filename}first.md#gone)"),
    "an anchor that a listing has not": in_page("listing", "dead-anchor", 'that page has no "gone-there"', "[x](/archives/#gone-there)"),
    "an image of a srcset that is not there": in_page("srcset", "missing-image", "/images/gone-set.png is not there", '<img src="/images/dot.png" srcset="/images/gone-set.png 2x" alt="A dot">'),
    "a film's picture that is not there": in_page("poster", "missing-image", "/images/gone-poster.png is not there", '<video poster="/images/gone-poster.png"></video>'),
    "a film that is not there": in_page("film", "dead-link", "/gone.webm: nothing is published there", '<video src="/gone.webm"></video>'),
    "a frame that is not there": in_page("frame", "dead-link", "/gone-frame/: nothing is published there", '<iframe src="/gone-frame/"></iframe>'),
    "a form that nobody answers": in_page("form", "dead-link", "/gone-form/: nothing is published there", '<form action="/gone-form/"></form>'),
    "an address that no service answers": in_page("service", "dead-link", "/newsletter/gone: nothing is published there", "[x](/newsletter/gone) [y](/newsletter/preferences/abc)"),
    "a dead address in a summary": Planted("content/articles/b-summary.md:2", "dead-link", "/gone-summary/", {"content/articles/b-summary.md": "Title: B summary\nSummary: [x](/gone-summary/)\nDate: 2026-01-05\n\nText.\n"}),
    "a dead address in a bio": Planted("content/authors/cy.md:3", "dead-link", "/gone-bio/", {"content/authors/cy.md": "Name: Cy Sample\n\n[x](/gone-bio/)\n", "content/articles/b-bio.md": article("B bio", 5).replace("Ada", "Cy")}),
    "a dead address in a doc": Planted("content/docs/b.md:3", "dead-link", "/gone-doc/", {"content/docs/b.md": "Title: B\n\n[x](/gone-doc/)\n"}),
    "a dead address in a page": Planted("content/pages/b.md:3", "dead-link", "/gone-page/", {"content/pages/b.md": "Title: B page\n\n[x](/gone-page/)\n"}),
    "a dead address in a file that is copied": copied("dead.html", 6, "dead-link", "/gone-copied/", html('<a href="/gone-copied/">x</a>')),
    "a dead address in the settings": Planted("pelicanconf.py:{0}", "dead-link", "/gone-menu/: nothing is published there"),
    "a dead address in a template": Planted("look/templates/partials/footer.html:{1}", "dead-link", "/gone-footer/: nothing is published there"),
    # The shape of pages.
    "a level of headings left out": in_page("levels", "heading-order", 'heading "Deep" is an h4 after an h2', "#### Deep"),
    "a second title": in_page("title", "heading-order", 'heading "Another" is a second h1', "# Another"),
    "a heading of HTML that leaves out a level": in_page("html", "heading-order", 'heading "Deeper" is an h5 after an h2', "<h5>Deeper</h5>"),
    "an id twice": in_page("ids", "duplicate-id", 'id "same" stands twice', '<p id="same">A</p>\n<p id="same">B</p>', BODY + 1),
    "an id of headings twice": in_page("anchors", "duplicate-id", 'id "alike" stands twice', "## A { #alike }\n\n## B { #alike }", BODY + 2),
    "a file that is copied and has no title": copied("bare.html", 0, "heading-order", "the page has no h1", html("Text.").replace("<h1>X</h1>", "")),
    "an image without words in a file that is copied": copied("silent.html", 6, "image-alt", "/images/dot.png says nothing", html('<img src="/images/dot.png">')),
    # Redirects.
    "a redirect to nothing": copied("away.html", 3, "redirect", "/gone-away/: nothing is published there", html("", REFRESH.format("/gone-away/"))),
    "a redirect to itself": copied("round.html", 3, "redirect", "it leads back here", html("", REFRESH.format("/extra/round.html"))),
    "a redirect of the list to nothing": Planted("content/_redirects:2", "redirect", "/gone-list/: nothing is published there", {"content/_redirects": "/was/ /about/ 301\n/was-too/ /gone-list/ 301\n"}),
    # Structured data.
    "JSON-LD that is no JSON": in_page("json", "structured-data", "does not parse", '<script type="application/ld+json">{"@type": }</script>'),
    "JSON-LD without a headline": in_page("headline", "structured-data", 'BlogPosting without "headline"', data({**POST, "headline": ""})),
    "JSON-LD without a date": in_page("dateless", "structured-data", 'Article without "datePublished"', data({"@type": "Article", "headline": "H", "author": AUTHOR})),
    "JSON-LD without an author": in_page("nobody", "structured-data", 'NewsArticle without "author"', data({"@type": "NewsArticle", "headline": "H", "datePublished": "2026-01-01"})),
    "JSON-LD of somebody without a name": in_page("nameless", "structured-data", 'Person without "name"', data({**POST, "author": {"@type": "Person"}})),
    "JSON-LD of an organization without an address": in_page("place", "structured-data", 'Organization without "url"', data({"@type": "Organization", "name": "O"})),
    "JSON-LD with a wrong date": in_page("someday", "structured-data", '"dateModified" is no date of ISO 8601: someday', data({**POST, "dateModified": "someday"})),
    "JSON-LD with a relative address": in_page("relative", "structured-data", '"mainEntityOfPage" is no absolute address: /x/', data({**POST, "mainEntityOfPage": "/x/"})),
    "JSON-LD with an image that is not there": in_page("picture", "missing-image", "/images/gone-data.png is not there", data({**POST, "image": "http://127.0.0.1:8000/images/gone-data.png"})),
    "breadcrumbs out of order": in_page("order", "structured-data", '"position" of entry 1 is 2', data({**CRUMBS, "itemListElement": [{**ITEM, "position": 2}]})),
    "breadcrumbs without a name": in_page("crumbs", "structured-data", 'entry 1 without "name"', data({**CRUMBS, "itemListElement": [{**ITEM, "name": ""}]})),
    "JSON-LD of a film without a day": in_page("video", "structured-data", 'VideoObject without "uploadDate"', data({"@type": "VideoObject", "name": "V", "thumbnailUrl": "http://127.0.0.1:8000/images/dot.png"})),
    "JSON-LD of a question without an answer": in_page("question", "structured-data", 'Question without "acceptedAnswer"', data({"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "Q"}]})),
    "no breadcrumbs": in_page("no-crumbs", "structured-data", 'BreadcrumbList without "itemListElement"', data(CRUMBS)),
    # What is only doubtful.
    "an author without a file": Planted("content/articles/b-author.md:5", "author-without-file", '"Di Sample" has no file', {"content/articles/b-author.md": article("B author", 5).replace("Ada", "Di")}),
    "an author without a bio": Planted("content/authors/eva.md:1", "author-without-bio", '"Eva Sample" has no bio', {"content/authors/eva.md": "Name: Eva Sample\n"}),
    "a tag in another case": Planted("content/articles/b-tag.md:4", "topic-case", '"Journeys" is written "journeys"', {"content/articles/b-tag.md": article("B tag", 5).replace(", journeys", ", Journeys")}),
    "a category in another case": Planted("content/articles/b-category.md:3", "topic-case", '"STRATEGY" is written "Strategy"', {"content/articles/b-category.md": article("B category", 5).replace("Strategy", "STRATEGY")}),
    "an image that nobody shows": Planted("content/images/unused.png:0", "unused-image", "no page and no source shows it", {"content/images/unused.png": PNG}),
    "a page with no place in the plan": Planted("content/plan.toml:0", "placement", "1 of ", {PLAN: OBJECTIVE.replace('"docs/*"', '"docs/[!u]*"'), "content/docs/unplaced.md": "Title: Unplaced\n\nText.\n"}),
    "an allowance that nothing needs": Planted("content/articles/b-allow.md:1", "allow", "nothing here breaks it", built("allow", "Text.", "Allow: heading-order: why\n")),
}  # fmt: skip


def test_faults_of_built_pages_are_found_where_they_are_and_nothing_else_is(new_site: New) -> None:
    site = new_site(dict(CLEAN), f'{CONF}\nMENUITEMS = (("Gone", "/gone-menu/"),)\nTHEME = "look"')
    in_settings = 1 + next(
        n for n, line in enumerate(site.settings_file.read_text().split("\n")) if "gone-menu" in line
    )
    shutil.copytree(ROOT / "theme", site.root / "look")
    footer = site.root / "look/templates/partials/footer.html"
    footer.write_text(footer.read_text() + '<a href="{{ SITEURL }}/gone-footer/">x</a>\n')
    in_footer = footer.read_text().count("\n")
    for planted in PAGES.values():
        site.write(dict(planted.files))
    found = findings_of(site)
    wanted = {planted.place.format(in_settings, in_footer): planted for planted in PAGES.values()}
    assert len(wanted) == len(PAGES)
    assert seen(found) == sorted(((place, planted.rule) for place, planted in wanted.items()), key=by_line)
    for finding in found:
        assert wanted[f"{finding.file}:{finding.line}"].says in str(finding)
