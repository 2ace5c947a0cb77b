"""Who may see, and who looked: rings, the policy that judges a reader, and the log of what was read."""
