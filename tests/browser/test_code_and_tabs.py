"""What a theme adds to text in real Chromium: code that can be copied, tabs by keyboard, formulas that fit a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from serving import Served, serving
from sites import Site, article

pytestmark = pytest.mark.browser
BODY = """\
```python title="a.py" hl_lines="1" linenums="1"
print("one")
print("two")
```

```console
$ make serve
ready
```

/// tab | Debian
For Debian.
///

/// tab | Fedora
For Fedora.
///

$$
a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z = \\sum_i x_i
$$
"""
BIO = "Name: Ada Sample\n\nA sample.\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.write({"content/articles/first.md": article(body=BODY), "content/authors/ada.md": BIO})
    site.settings_file  # noqa: B018  written when asked for
    with serving(site.root, site.root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as running:
        yield running


@pytest.fixture
def opened(chromium: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(**options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{served.url}/first-post/")
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_code_is_copied_without_its_line_numbers(opened: Callable[..., Page]) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    button = page.get_by_role("button", name="Copy").first
    box = button.bounding_box()
    assert box and box["width"] >= 24 and box["height"] >= 24
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == 'print("one")\nprint("two")\n'
    page.get_by_role("button", name="Copy").last.click()
    expect(page.locator(".highlight").last.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").strip() == "make serve"
    assert messages == []


def test_without_javascript_there_is_no_button_and_tabs_work(opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    assert page.get_by_role("button", name="Copy").count() == 0
    expect(page.get_by_text("For Debian.")).to_be_visible()
    expect(page.get_by_text("For Fedora.")).to_be_hidden()
    page.get_by_text("Fedora", exact=True).click()
    expect(page.get_by_text("For Fedora.")).to_be_visible()
    expect(page.get_by_text("For Debian.")).to_be_hidden()


def test_tabs_answer_to_the_arrow_keys(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("radio", name="Debian").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("For Fedora.")).to_be_visible()
    outline = "getComputedStyle(document.querySelector('.tabbed-labels > :nth-child(2)')).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_a_wide_formula_scrolls_in_its_own_box(opened: Callable[..., Page]) -> None:
    page = opened(viewport={"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    box = page.locator(".formula[tabindex]")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.formula[tabindex]').scrollLeft > 0")
