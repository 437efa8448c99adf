"""A year of synthetic journeys whose truth is known: chain, walk, events, and the state they are written to."""
