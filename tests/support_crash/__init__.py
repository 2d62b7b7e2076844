"""What the proofs of durability share: hubs to copy, processes to kill, a disk that forgets, and what is there after."""
