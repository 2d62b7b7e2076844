"""The generator of deliveries: invented persons, in the shape of the real tables. Nobody in them exists."""
