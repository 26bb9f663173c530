"""The studio: a web page, and the HTTP interface that it uses, on the user's own machine."""
