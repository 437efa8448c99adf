"""Builds only what changed, on every core. `milepost build` drives Pelican through it; it is no plugin to name."""
