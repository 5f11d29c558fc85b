"""Declarative, exactly-once treasury operations on the Ceffu custody API."""

__version__ = "0.1.0"
