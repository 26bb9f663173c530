"""Parse, call, print; nothing is computed here."""
