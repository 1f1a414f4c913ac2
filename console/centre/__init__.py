"""The directory: lists and forms of what a centre consists of, and the history of its changes."""
