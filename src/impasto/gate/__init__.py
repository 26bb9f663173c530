"""The gate: passes or refuses what a style has made, calibrated when the style was learned."""
