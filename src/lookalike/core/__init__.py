"""What every system shares: its contract, its description, saving, card and report.

A system is a package in ``lookalike.systems``, or in another distribution that names it
by an entry point. Its ``SPEC`` says what it is and what it can do. Everything else that
the command line and the service need of a system is here, once.
"""
