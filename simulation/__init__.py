"""A virtual call centre: lines, customers and agents under a clock that costs no time."""
