"""`python -m impasto`."""

from impasto.cli.main import main

main()
