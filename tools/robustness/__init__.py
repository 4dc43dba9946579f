"""How well the readers get tables out of damaged files, as figures with a floor that only rises."""
