"""The pages of campaigns: made, changed, started and stopped, and watched while they dial."""
