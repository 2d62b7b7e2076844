"""What proofs on the real path share: hubs in temporary homes, deliveries read plainly, the store read back."""
