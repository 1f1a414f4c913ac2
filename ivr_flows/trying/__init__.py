"""Tries flows out without a telephone: one call at a time, on a clock that only the flow moves."""
