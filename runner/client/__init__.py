"""The signed client: one attempt of one operation, and nothing it does not say.

With ``runner.catalogue`` and ``runner.core`` it is a library of its own. ``wire`` names what goes
over the wire, ``signing`` and ``keys`` make signatures, ``transport`` moves bytes, ``client`` and
``paging`` put them together; only ``transport`` knows the HTTP library.
"""
