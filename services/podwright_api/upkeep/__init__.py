"""What the facade does by itself so that nothing is kept longer than it should be."""
