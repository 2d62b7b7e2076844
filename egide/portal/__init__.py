"""The pages: what the hub shows in a browser, in French and in English, without a script."""
