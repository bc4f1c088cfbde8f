"""One grammar for asking: which runs, which samples. Text → checked expression → the engine's own clause."""
