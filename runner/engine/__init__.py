"""The interpreter: a checked playbook walked through ports, in a dry run and for real."""
