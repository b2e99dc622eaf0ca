//! What numbers must be, whatever the parameter.

use super::form::Reason;

/// The numbers are finite.
pub(super) fn finite(numbers: &[(&str, f64)]) -> Result<(), Reason> {
    match numbers.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(format!("its {name} is {value}")),
        None => Ok(()),
    }
}

/// A standard deviation is finite and not negative.
pub(super) fn spread(std: f64) -> Result<(), Reason> {
    finite(&[("std", std)])?;
    if std < 0.0 { Err(format!("its std is {std}")) } else { Ok(()) }
}

/// A count is at least 1 and at most this.
pub(super) fn at_most(what: &str, count: usize, most: usize) -> Result<(), Reason> {
    if (1..=most).contains(&count) {
        Ok(())
    } else {
        Err(format!("{count} {what} where 1 to {most} fit"))
    }
}

/// So many places can be divided into parts of one size, whose size this is.
pub(super) fn divided(
    places: usize,
    what: &str,
    parts: usize,
    called: &str,
) -> Result<usize, Reason> {
    if parts == 0 || !places.is_multiple_of(parts) {
        return Err(format!("{places} {what} are not {parts} {called} of one size"));
    }
    Ok(places / parts)
}
