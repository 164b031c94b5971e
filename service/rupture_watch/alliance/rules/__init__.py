"""The catalogue: one module per section of the article."""
