"""AMI, Asterisk's manager interface: how Offhook hears events and gives orders."""
