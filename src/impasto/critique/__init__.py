"""What can be measured of a photo, and said of it: numbers, phrases, and where in the picture they are from."""
