"""Calls a flow's draft: a robot on the same Asterisk presses a test's keys, and listens."""
