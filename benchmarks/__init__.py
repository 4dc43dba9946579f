"""What is claimed to be quick, as ratios inside one run: machines differ and are shared, so no figure stands alone."""
