"""Maps: a network at every pixel of a plane of two knobs, trained in tiles, coarse to fine."""
