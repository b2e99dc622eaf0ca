//! What `constinit` knows about networks without knowing a framework.
