"""Learning a style by adversarial training; needs the extra `learn`."""
