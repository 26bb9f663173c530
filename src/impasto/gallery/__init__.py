"""Pictures found by what they look like: their features, the index over them, traits, and a user's taste."""
