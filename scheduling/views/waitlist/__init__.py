"""Pages of the waitlist: the front desk's, the patient's own, and the one behind the link of an offer."""
