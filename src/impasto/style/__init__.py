"""The style file and the library of installed styles."""
