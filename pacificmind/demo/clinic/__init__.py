"""The demo clinic: people, calendars and patients at every step of the path, all of them made up."""
