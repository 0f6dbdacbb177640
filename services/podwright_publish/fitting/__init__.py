"""Files of posts made fit for the platform that takes them."""
