"""Measures: one question a file, each a function from ibis tables to ibis tables, the same on every engine.

Only lag, lead, row_number, running sums, joins and group-bys, which DuckDB and Spark both have. `events.py`
opens the archive and alone knows the engine. Nothing here knows of HTTP, HTML or the site's sources.
"""
