"""Questions before a visit and after one: by a link, in the portal, and as clinicians read them."""
