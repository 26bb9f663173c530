"""Impasto learns a visual style from example pictures and applies it to photos, films and live video."""
