"""Campaigns on the phones: runs of campaigns, the door through which calls go out, and the sessions
of customers who have answered."""
