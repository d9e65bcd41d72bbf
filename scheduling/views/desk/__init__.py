"""The front desk's pages: calendars, arrivals, booking, one visit."""
