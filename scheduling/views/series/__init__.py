"""Pages about series: plan and book one, follow it, review it, end it; boosters and questionnaires."""
