"""What we ask of the outside, as small protocols."""
