"""The desk: what an information governance officer asks of a record. Nothing here is stored; all of it is read."""
