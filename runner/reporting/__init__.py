"""What happened, turned into something to read: screens, tables, diagnostics and logs.

The event stream and the journal's rows are the only sources; nothing in here can influence a run.
"""
