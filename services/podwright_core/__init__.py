"""The domain: what podcasts, transcripts and posts are, without any I/O."""
