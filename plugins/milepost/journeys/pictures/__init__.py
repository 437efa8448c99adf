"""Pictures of the report: rows in, SVG out. No attribute says a style: colours are classes of the stylesheet."""
