"""`python -m citygrid`: the command."""

from citygrid.cli import main

if __name__ == "__main__":
    main()
