"""A virtual call centre: lines, customers and agents under a virtual clock."""
