"""The pages of lists of leads: made, filled from files, paused and removed."""
