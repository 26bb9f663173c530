"""Jobs over films: planned, run in units, resumed after any interruption, by one process or many."""
