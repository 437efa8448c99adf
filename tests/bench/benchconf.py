"""The blog of `make bench-build`, for Pelican and for Milepost alike: listings, and a feed for each of them."""

SITENAME = "Bench"
SITEURL = "https://bench.example"
TIMEZONE = "UTC"
DEFAULT_LANG = "en"
PATH = "content"
ARTICLE_PATHS = ["posts"]
THEME = "simple"
PLUGINS: list[str] = []
CACHE_CONTENT = False
USE_FOLDER_AS_CATEGORY = False
DEFAULT_PAGINATION = 10
ARTICLE_URL = "{slug}/"
ARTICLE_SAVE_AS = "{slug}/index.html"
FEED_ALL_ATOM = "feeds/all.atom.xml"
CATEGORY_FEED_ATOM = "feeds/category/{slug}.atom.xml"
TAG_FEED_ATOM = "feeds/tag/{slug}.atom.xml"
AUTHOR_FEED_ATOM = "feeds/author/{slug}.atom.xml"
FEED_MAX_ITEMS = 20
