"""Pages of the desk about people: the inbox of requests, the patients."""
