"""Pages of the patient."""
