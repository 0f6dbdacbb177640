"""What goes out by itself: events to webhooks and notifications to people, queued in PostgreSQL."""
