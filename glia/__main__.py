"""`python -m glia` is `glia`."""

from glia.cli.main import main

if __name__ == "__main__":
    main()
