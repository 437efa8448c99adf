"""The Markdown that writers write: one dialect for every site, from python-markdown and pymdown-extensions.

Each file owns one part of it. Knows Markdown and HTML; knows no site and no Pelican object.
"""
