//! Which units of a neural network are the same unit: exact answers from plain slices.
