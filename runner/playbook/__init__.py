"""Playbooks: from a document to a checked, frozen model; no I/O but reading the file itself."""
