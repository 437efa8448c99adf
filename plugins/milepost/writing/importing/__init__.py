"""Old posts: saved pages, WordPress' export and feeds become sources of this site.

`reading.py` says what a file is; `page.py`, `wordpress.py` and `feeds.py` read one kind each into `post.py`'s posts;
`body.py` and `markdown.py` make Markdown of their HTML; `writing.py` writes, and says what was not understood.
"""
