"""The reports of outbound work: days by their figures, for those who pay and those who lead."""
