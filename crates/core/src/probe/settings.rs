//! The settings of a framework crate's probe, which are those of the tracker in it.

/// Writes the settings of a [`SymmetryTracker`](crate::probe::SymmetryTracker) as methods of a framework crate's probe:
/// a struct with a field `tracker`, and `From<SymmetryTracker>`. `Deref` gives the readings.
#[doc(hidden)]
#[macro_export]
macro_rules! symmetry_probe_settings {
    ($probe:ident) => {
        impl ::std::ops::Deref for $probe {
            type Target = $crate::probe::SymmetryTracker;

            fn deref(&self) -> &$crate::probe::SymmetryTracker {
                &self.tracker
            }
        }

        impl $probe {
            /// Same as [`SymmetryTracker::new`]($crate::probe::SymmetryTracker::new).
            pub fn new(axes: $crate::AxesSpec) -> Self {
                $crate::probe::SymmetryTracker::new(axes).into()
            }

            /// Same as [`SymmetryTracker::traced`]($crate::probe::SymmetryTracker::traced).
            pub fn traced(traced: $crate::axes::Traced) -> Self {
                $crate::probe::SymmetryTracker::traced(traced).into()
            }

            /// Same as [`SymmetryTracker::on`]($crate::probe::SymmetryTracker::on).
            #[must_use]
            pub fn on(self, schedule: $crate::probe::Schedule) -> Self {
                Self { tracker: self.tracker.on(schedule), ..self }
            }

            /// Same as [`SymmetryTracker::gradients_on`]($crate::probe::SymmetryTracker::gradients_on).
            #[must_use]
            pub fn gradients_on(self, gradients: $crate::probe::Schedule) -> Self {
                Self { tracker: self.tracker.gradients_on(gradients), ..self }
            }

            /// Same as [`SymmetryTracker::without_gradients`]($crate::probe::SymmetryTracker::without_gradients).
            #[must_use]
            pub fn without_gradients(self) -> Self {
                Self { tracker: self.tracker.without_gradients(), ..self }
            }

            /// Same as [`SymmetryTracker::with_facts`]($crate::probe::SymmetryTracker::with_facts).
            #[must_use]
            pub fn with_facts(self, facts: $crate::TrainingFacts) -> Self {
                Self { tracker: self.tracker.with_facts(facts), ..self }
            }

            /// Same as [`SymmetryTracker::with_activations`]($crate::probe::SymmetryTracker::with_activations).
            #[must_use]
            pub fn with_activations(
                self,
                activations: impl Into<$crate::Activations>,
                schedule: $crate::probe::Schedule,
            ) -> Self {
                Self { tracker: self.tracker.with_activations(activations, schedule), ..self }
            }

            /// Same as [`SymmetryTracker::watching`]($crate::probe::SymmetryTracker::watching).
            ///
            /// # Errors
            ///
            /// [`Error::Axes`]($crate::Error::Axes) if no space is left.
            pub fn watching(self, wanted: impl Fn(&str) -> bool) -> Result<Self, $crate::Error> {
                Ok(Self { tracker: self.tracker.watching(wanted)?, ..self })
            }

            /// Same as [`SymmetryTracker::reporting`]($crate::probe::SymmetryTracker::reporting).
            #[must_use]
            pub fn reporting(
                self,
                report: impl FnMut(&$crate::probe::Finding) + Send + 'static,
            ) -> Self {
                Self { tracker: self.tracker.reporting(report), ..self }
            }

            /// Same as [`SymmetryTracker::without_history`]($crate::probe::SymmetryTracker::without_history).
            #[must_use]
            pub fn without_history(self) -> Self {
                Self { tracker: self.tracker.without_history(), ..self }
            }

            /// Same as [`SymmetryTracker::resume`]($crate::probe::SymmetryTracker::resume).
            pub fn resume<'s>(&mut self, step: usize, broken: impl IntoIterator<Item = &'s str>) {
                self.tracker.resume(step, broken);
            }
        }
    };
}
