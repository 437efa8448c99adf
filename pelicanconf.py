"""The site: who publishes, where things are, which slices are on. `publishconf.py` says what differs in production."""

SITENAME = "Milepost"
SITEURL = "http://127.0.0.1:8000"
TAGLINE = "There never was a funnel. Measure the journeys that readers really take."
ORGANIZATION = {
    "name": "Milepost",
    "description": "We make a publishing system for companies that would rather help their customers than herd them.",
    "url": "/about/",
}
TIMEZONE = "Europe/Berlin"
DEFAULT_LANG = "en"
DEFAULT_DATE_FORMAT = "%-d %B %Y"

PATH = "content"
ARTICLE_PATHS = ["articles"]
PAGE_PATHS = ["pages"]
STATIC_PATHS = ["images"]
DOCS_PATHS = ["docs"]
AUTHORS_PATH = "authors"
USE_FOLDER_AS_CATEGORY = False
WITH_FUTURE_DATES = False
THEME = "theme"
OUTPUT_PATH = "output"
CACHE_CONTENT = False

PLUGIN_PATHS = ["plugins"]
PLUGINS = [
    "milepost.writing",
    "milepost.authors",
    "milepost.docs",
    "milepost.touchpoints",
    "milepost.reading",
    "milepost.comments",
    "milepost.newsletter",
    "milepost.journeys",
]

ARTICLE_URL = "{slug}/"
ARTICLE_SAVE_AS = "{slug}/index.html"
PAGE_URL = "{slug}/"
PAGE_SAVE_AS = "{slug}/index.html"
ARTICLE_LANG_URL = PAGE_LANG_URL = "{lang}/{slug}/"
ARTICLE_LANG_SAVE_AS = PAGE_LANG_SAVE_AS = "{lang}/{slug}/index.html"
CATEGORY_URL = "category/{slug}/"
CATEGORY_SAVE_AS = "category/{slug}/index.html"
TAG_URL = "tag/{slug}/"
TAG_SAVE_AS = "tag/{slug}/index.html"
AUTHOR_URL = "author/{slug}/"
AUTHOR_SAVE_AS = "author/{slug}/index.html"
ARCHIVES_SAVE_AS = "archives/index.html"
CATEGORIES_SAVE_AS = "categories/index.html"
TAGS_SAVE_AS = "tags/index.html"
AUTHORS_SAVE_AS = "authors/index.html"
DIRECT_TEMPLATES = ["index", "archives", "categories", "tags", "authors"]
TEMPLATE_PAGES: dict[str, str] = {}
PAGINATION_PATTERNS = [
    (1, "{url}", "{save_as}"),
    (2, "{base_name}/page/{number}/", "{base_name}/page/{number}/index.html"),
]
DEFAULT_PAGINATION = 10

FEED_ALL_ATOM = "feeds/all.atom.xml"
FEED_ALL_RSS = "feeds/all.rss.xml"
CATEGORY_FEED_ATOM = "feeds/category/{slug}.atom.xml"
TAG_FEED_ATOM = "feeds/tag/{slug}.atom.xml"
AUTHOR_FEED_ATOM = "feeds/author/{slug}.atom.xml"
AUTHOR_FEED_RSS = None
TRANSLATION_FEED_ATOM = None
RSS_FEED_SUMMARY_ONLY = False
FEED_MAX_ITEMS = 50

NEWSLETTER_NAME = "Milepost letters"
NEWSLETTER_FROM = "letters@milepost.example"
NEWSLETTER_POSTAL_ADDRESS = "Milepost, 1 Example Street, 10115 Berlin, Germany"
COMMENTS_FORUM = "milepost-example"
