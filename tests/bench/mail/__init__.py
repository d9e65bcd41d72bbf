"""The processes that the mail line starts: a sink, bare senders, and deliverers of ours."""
