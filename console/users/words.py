"""Says in words what is wrong in the form of a user."""

from console.kit.translations import N_

NO_ROLE = N_("Choose a role.")
NO_PROJECT = N_("Choose at least one project: without one, the user sees nothing.")
