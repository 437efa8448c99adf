"""The build, under the name by which the preview knows it."""

from milepost.build import ERRORS, WARNINGS, Build, BuildError

__all__ = ["ERRORS", "WARNINGS", "Build", "BuildError"]
