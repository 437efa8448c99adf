"""Builds the site as a whole, and serves it on this machine while it is being written."""
