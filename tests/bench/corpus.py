"""A blog of any size for benches: posts of about 700 words, 8 categories, 60 tags, 12 authors; the same every time."""

from __future__ import annotations

import random
from pathlib import Path

CATEGORIES = [f"Topic {number:02} of eight" for number in range(1, 9)]
TAGS = [f"tag {number:02} of sixty" for number in range(1, 61)]
AUTHORS = [f"Sample {number:02} Author" for number in range(1, 13)]
_WORDS = """
reader page document answer question sale support journey touch measure plan month year post mail
visit again when where which often never before after between under without their our every other
small large first last
""".split()  # noqa: SIM905
_CODE = "```python\ndef step_{0}(value):\n    total = value * {0}\n    return total + {1}\n```\n"


def body(rng: random.Random) -> str:
    """About 700 words of Markdown: headings, paragraphs, emphasis, a link, a list, a block of code."""
    parts = []
    for section in range(4):
        parts.append(f"## {_sentence(rng, 4)}\n")
        parts += [" ".join(_sentence(rng, rng.randint(8, 18)) for _ in range(4)) + "\n" for _ in range(3)]
        parts.append(f"It is *{_sentence(rng, 3)}* and **{_sentence(rng, 2)}**, [they](https://example.com/) say.\n")
        if section == 1:
            parts.append("\n".join(f"- {_sentence(rng, 6)}" for _ in range(5)) + "\n")
        if section == 2:
            parts.append(_CODE.format(rng.randint(1, 99), rng.randint(1, 99)))
    return "\n".join(parts)


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words)).capitalize() + "."


def post(number: int) -> tuple[dict[str, str], str]:
    """(front matter, body) of post `number`."""
    rng = random.Random(number)
    day, minute = number % 28 + 1, number % 1440
    fields = {
        "Title": f"Post {number}: {_sentence(rng, 5)[:-1]}",
        "Date": f"20{10 + number % 15}-{number % 12 + 1:02}-{day:02} {minute // 60:02}:{minute % 60:02}",
        "Category": rng.choice(CATEGORIES),
        "Tags": ", ".join(sorted(rng.sample(TAGS, 3))),
        "Authors": rng.choice(AUTHORS),
        "Slug": f"post-{number}",
        "Summary": _sentence(rng, 20),
    }
    return fields, body(rng)


def write_pelican(folder: Path, count: int) -> None:
    """Posts as Pelican reads them, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        fields, text = post(number)
        head = "".join(f"{name}: {value}\n" for name, value in fields.items())
        (folder / f"post-{number}.md").write_text(f"{head}\n{text}", encoding="utf-8")
