"""Methods from inside the network: they differentiate it, where the others ask it about changed pictures."""
