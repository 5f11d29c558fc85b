"""Playbook tests: cases beside a playbook, run on a sandbox of their own in virtual time."""
