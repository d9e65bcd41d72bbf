"""The local PostgreSQL and Valkey, and the supervisor behind bin/run. No Django here: this starts before it."""
