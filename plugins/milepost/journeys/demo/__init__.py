"""A year of synthetic journeys with a truth that is known: chain, walk, events, and the state that they are written to."""
