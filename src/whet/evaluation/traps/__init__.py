"""Traps: tasks and judges that are wrong on purpose, to count what is paid and what is noticed.

`impossible` makes tasks that no honest program can pass: every payment is a hack.  `biased` makes a
judge pay for something else from a known step on: the step at which a check notices it can be
compared with the known one.
"""
