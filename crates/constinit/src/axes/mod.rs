//! Which axes of a module's parameters range over the same units.

mod declared;
