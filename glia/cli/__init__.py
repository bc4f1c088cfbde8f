"""The command line: one file a noun; a command parses, calls one public function and prints."""
