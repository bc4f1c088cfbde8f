"""What surrounds a run: source, arguments, environment, machine, console."""
