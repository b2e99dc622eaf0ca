//! When a probe reads.

use std::fmt;
use std::sync::Arc;

/// The steps after which something happens; step 0 is before training.
///
/// ```
/// use constinit_core::probe::Schedule;
///
/// let schedule = Schedule::first(3).or(Schedule::every(10)).or(Schedule::at(25));
/// let due: Vec<usize> = (0..=30).filter(|step| schedule.due(*step)).collect();
/// assert_eq!(due, [0, 1, 2, 10, 20, 25, 30]);
/// ```
#[derive(Clone)]
pub struct Schedule(Arc<dyn Fn(usize) -> bool + Send + Sync>);

impl Schedule {
    /// Steps 0, n, 2n, ...; only step 0 if `n` is 0.
    pub fn every(n: usize) -> Self {
        Self::when(move |step| if n == 0 { step == 0 } else { step.is_multiple_of(n) })
    }

    /// The first `k` steps: 0 to k - 1.
    pub fn first(k: usize) -> Self {
        Self::when(move |step| step < k)
    }

    /// One step.
    pub fn at(step: usize) -> Self {
        Self::when(move |now| now == step)
    }

    /// The steps for which a function returns true.
    pub fn when(due: impl Fn(usize) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(due))
    }

    /// The steps of either schedule.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::when(move |step| self.due(step) || other.due(step))
    }

    /// Whether `step` is one of them.
    pub fn due(&self, step: usize) -> bool {
        (self.0)(step)
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::every(1)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedule")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zero_is_the_start_only() {
        let schedule = Schedule::every(0);
        assert!(schedule.due(0) && !schedule.due(1));
        assert!(!Schedule::first(0).due(0));
    }
}
