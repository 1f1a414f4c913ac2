"""Asterisk as Offhook configures it."""
