"""Measures: one question a file, each a function from ibis tables to ibis tables or rows, the same on every engine.

Only lag, lead, row_number, running sums, joins and group-bys, which DuckDB and Spark both have. `events.py`
opens the archive, `engines.py` alone knows the engine. Nothing here knows of HTTP, HTML or the site's sources.

reach.reach, paths.chains and paths.came_next, around.around, silences.silences, cohorts.cohorts,
surface_part.surface_part, attribution.attribution, time_to_convert.time_to_convert, docs_and_blog.docs_and_blog,
objectives.objectives and .served, obstacles.ranked.obstacles, onward.onward. Each takes the tables of one that comes
before it: events (`events.opened`), steps (`paths.steps`), paths (`paths.paths`). A range is given to `opened`;
`narrowed.narrowed` keeps a tier or places. Who asks several holds `visits.numbered` and `paths.steps_of_readers` of
the same events, which are then computed once; narrow before, since visits of fewer events are others.
"""
