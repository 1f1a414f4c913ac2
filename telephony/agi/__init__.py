"""FastAGI: Asterisk hands Offhook a caller's channel, and does what Offhook says with it."""
