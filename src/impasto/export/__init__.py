"""A style in other people's formats."""
