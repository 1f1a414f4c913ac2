"""What callers have left behind and somebody works off: voicemails, callbacks, missed calls."""
