"""What the hub does, one file or folder each. Stages do not know one another: `egide.journey` joins them."""
