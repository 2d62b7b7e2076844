"""The story, one file a stage: read across in the order of `egide.journey`. Stages never import one another."""
