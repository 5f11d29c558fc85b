"""Words every room shares: spans, diagnostics, errors, money, secrets, clocks, ids and JSON.

Nothing in here imports anything else of ours.
"""
