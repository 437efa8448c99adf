"""Pictures: every one that a page shows, in the widths and formats that a browser can choose from; and social cards.

`picture.py` says what is made of a file, `encode.py` makes it, `store.py` keeps it, `content.py` puts it into text,
`cards.py` draws, `plugin.py` tells Pelican.
"""
