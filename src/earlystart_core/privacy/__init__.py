"""What must be forgettable: sealed personal text and the keys that open it."""
