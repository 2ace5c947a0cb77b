"""Proof: the hash tree over the log's leaves, checkpoints that sign it, and what anyone can verify from them."""
