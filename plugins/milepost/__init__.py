"""Milepost: a Pelican site's articles, docs, comments, newsletter and readers' journeys, a slice each."""

__version__ = "0.1.0"
