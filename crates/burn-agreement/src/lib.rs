//! Tests only: whether `constinit` on Burn 0.21 and `constinit-burn22` on Burn 0.22 agree.
