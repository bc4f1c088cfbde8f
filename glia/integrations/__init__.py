"""Other libraries' training, recorded: a file a library, each of which imports that library and nothing else does."""
