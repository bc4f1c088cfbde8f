"""Run folders: what is written while a program runs, and how it is read again."""
