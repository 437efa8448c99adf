"""Obstacles: what stopped readers. One detector a file; `ranked.py` asks them all."""
