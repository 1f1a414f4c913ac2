"""The page where somebody works off voicemails, callbacks and missed calls."""
