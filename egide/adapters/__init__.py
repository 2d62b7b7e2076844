"""One folder for each outside thing: stores, keys, engines, records. They know no stage and no rule."""
