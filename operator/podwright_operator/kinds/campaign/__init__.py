"""Campaign: which episodes are announced where, as Posts and a CronJob."""
