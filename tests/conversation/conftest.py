"""The line that tests of the pipeline speak on."""

from tests.lines import line

__all__ = ["line"]
