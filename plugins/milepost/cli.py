"""`milepost`: composes the slices' commands, and turns errors into one line and an exit status."""

from __future__ import annotations

import sys

import typer

from milepost import slices
from milepost.errors import MilepostError

app = typer.Typer(
    name="milepost",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Publish articles and docs, and learn from the journeys that readers take through them.",
    epilog="Example: milepost serve",
)
for _, module in slices.parts("cli"):
    module.add_to(app)


def main() -> None:
    """Run one command. Exit status: 0 done, 1 the work has faults, 2 misuse."""
    try:
        app()
    except MilepostError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
