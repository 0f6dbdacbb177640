"""The ModelEndpoint kind."""
