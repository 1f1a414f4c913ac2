"""Directed graphs of nodes with named exits: what call flows and agents' scripts share."""
