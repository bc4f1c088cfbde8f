"""Pages and their API over HTTP: reads run folders, reaches no torch."""
