"""Forms: those that readers begin and do not send."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold
from milepost.journeys.measures.tiers import readers
from milepost.journeys.measures.visits import numbered

SENT = "sent"


def forms(events: ir.Table, places: ir.Table) -> ir.Table:
    """Each visit in which a form was begun: failed when it was not sent in that visit.

    Args:
        events: numbered, see `visits.numbered`. The step of a form that was sent is SENT; any other step begins it.
    Returns:
        tries, see `detector.COLUMNS`; what is the form's name, the example is the last step that was taken.
    Source: docs/journeys, "obstacles".

    Example:
        >>> given = events("form:order:started form:order:sent", "form:order:started")
        >>> tried = forms(given, PLACES).order_by("reader").to_pyarrow().to_pylist()
        >>> [(row["what"], row["failed"], row["example"]) for row in tried]
        [('order', False, None), ('order', True, 'started')]
    """
    filled = readers(numbered(events))
    filled = filled.filter((filled.type == "form") & filled.form.notnull())
    last = ibis.row_number().over(
        ibis.window(group_by=["reader", "visit", "touchpoint", "form"], order_by=ibis.desc("number"))
    )
    filled = filled.mutate(last=last)
    one = filled.group_by("reader", "visit", "touchpoint", what="form").aggregate(
        sent=(filled.form_step == SENT).cast("int64").max(),
        last_step=filled.form_step.max(where=filled["last"] == 0),
        person=filled.person.max(),
        at=filled.at.max(),
    )
    failed = ibis.coalesce(one.sent, 0) == 0
    return one.mutate(failed=failed, example=failed.ifelse(one.last_step, ibis.null("string"))).select(*COLUMNS)


FORMS = Detector(
    "form",
    forms,
    Threshold(10, 0.5),
    "Surely more than half of the visits in which the form was begun did not send it, at least 10 of them.",
    'Ask for less in the form "{what}", and say beside each field what it is for.',
    reads="visits",
)
