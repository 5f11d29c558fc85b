"""The expression language of playbooks: small, total, typed, and aware of what is not known yet.

Text becomes a tree (``parse``), the tree gets a type (``check``) and then, any number of times, a
value (``evaluate``). ``template`` finds expressions inside ``${{ }}``. Nothing here does any I/O.
"""
