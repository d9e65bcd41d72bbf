"""Pages of the manager: the clinic, its sites, its staff."""
