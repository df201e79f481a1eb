"""Other services of the cloud that are told what happened here, by followers of the journal."""
