"""The state of a case as bytes, versioned; what is stored is what is known, never what follows."""
