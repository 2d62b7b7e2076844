"""Engines that compute on views. One folder each."""
