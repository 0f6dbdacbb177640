"""What both the command line and the facade tell of a namespace, in the same words. Pure.

Why something is not ready and what to do about it, what a campaign would send when, and what an imported feed becomes.
The operator's and the publisher's own decisions do the planning; neither of them knows this package.
"""
