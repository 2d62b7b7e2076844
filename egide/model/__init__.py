"""The nouns of the hub: frozen, valid from birth, standard library only."""
