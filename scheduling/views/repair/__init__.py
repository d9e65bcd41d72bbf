"""Repair: the proposal before and after, the saving, the undoing; when patients can come."""
