"""Flows: their list, the editor, and what is done with a flow."""
