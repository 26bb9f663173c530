"""Pictures sorted into the classes that a photographer has shown: taught, applied, measured and explained."""
