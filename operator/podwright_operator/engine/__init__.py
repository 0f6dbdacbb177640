"""The generic reconcile loop: observe, decide, apply, prune, write status when it changed.

A kind brings two functions (``observe`` and ``desired``); everything here is the same for all kinds.
"""
