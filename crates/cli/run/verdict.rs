//! Which hidden units were one unit, for how long, and what kept them so.

use constinit::linear_name;
use constinit_symmetry::theorem::{Alike, Apart, HiddenUnits, Kind, Properties};
use serde::{Deserialize, Serialize};

/// The first reading at which two units differed that had been one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstBreak {
    pub step: usize,
    pub space: String,
    pub units: [usize; 2],
    pub parameter: String,
    /// Infinite differences are written as null.
    pub difference: Option<f64>,
    pub ulps: u64,
}

/// What has been seen of a hidden space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Space {
    units: usize,
    one_unit_at_start: bool,
    first_break: Option<FirstBreak>,
}

/// What the readings have shown so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    spaces: Vec<Space>,
    /// For P1 to P4: the first step at which it failed.
    failed: [Option<usize>; 4],
    /// Whether the network has biases, and so P2 and P4.
    bias: bool,
}

/// What the verdict has to name.
pub struct What<'a> {
    pub backend: &'a str,
    pub optimizer: &'a str,
    /// Steps done.
    pub step: usize,
    /// Readings taken.
    pub readings: usize,
    pub targets_alike: bool,
    /// Whether all numbers stayed finite, which is what the theorem is about.
    pub finite: bool,
}

/// The name of a parameter of a perceptron.
pub fn parameter_name(layer: usize, kind: Kind) -> String {
    linear_name(layer, if kind == Kind::Weight { "weight" } else { "bias" })
}

/// The name of a hidden space.
pub fn space_name(number: usize) -> String {
    format!("hidden{}", number + 1)
}

impl Tally {
    /// Takes one reading into account.
    pub fn add(&mut self, step: usize, properties: &Properties, hidden: &[HiddenUnits]) {
        if step == 0 || self.spaces.is_empty() {
            let space = |units: &HiddenUnits| Space {
                units: units.units,
                one_unit_at_start: units.apart.is_none(),
                first_break: None,
            };
            self.spaces = hidden.iter().map(space).collect();
        }
        self.bias = properties.p2.is_some();
        for (failed, (_, property)) in self.failed.iter_mut().zip(properties.iter()) {
            if failed.is_none() && property.as_ref().is_some_and(|alike: &Alike| !alike.holds()) {
                *failed = Some(step);
            }
        }
        for (number, (space, units)) in self.spaces.iter_mut().zip(hidden).enumerate() {
            // Numbers that are not finite have left the theorem's ground; the run says so by itself.
            if let Some(apart) = &units.apart
                && apart.difference.is_finite()
                && space.one_unit_at_start
                && space.first_break.is_none()
            {
                space.first_break = Some(first_break(step, number, apart));
            }
        }
    }

    /// The first break of any space.
    pub fn first_break(&self) -> Option<&FirstBreak> {
        self.spaces.iter().filter_map(|space| space.first_break.as_ref()).min_by_key(|b| b.step)
    }

    /// `held` or `broken`.
    pub fn word(&self) -> &'static str {
        if self.first_break().is_some() { "broken" } else { "held" }
    }

    /// The verdict for people, a line a finding.
    pub fn sentences(&self, what: &What<'_>) -> Vec<String> {
        let mut lines: Vec<String> = self
            .spaces
            .iter()
            .enumerate()
            .map(|(number, space)| space.sentence(&space_name(number), what))
            .collect();
        let whole = what.finite
            && self.spaces.iter().any(|space| space.one_unit_at_start && space.units > 1);
        if whole {
            let kept = "equal incoming weights, biases and outgoing weights give equal gradients";
            lines.push(match self.first_break() {
                None => format!(
                    "What {} them so: {kept}, and {} moves equal units alike.",
                    if what.step == 0 { "would keep" } else { "kept" },
                    what.optimizer
                ),
                Some(_) => format!(
                    "In exact arithmetic they would still be one unit: {kept}, and {} moves equal \
                     units alike. Rounding parted them: {} does not sum every unit in the same order.",
                    what.optimizer, what.backend
                ),
            });
        }
        lines.extend(self.properties_sentence(what));
        lines
    }

    fn properties_sentence(&self, what: &What<'_>) -> Vec<String> {
        let names = ["P1", "P2", "P3", "P4"];
        let present = |number: usize| self.bias || number.is_multiple_of(2);
        let list = |wanted: &dyn Fn(usize) -> bool| {
            let found: Vec<&str> = (0..4).filter(|n| wanted(*n)).map(|n| names[n]).collect();
            found.join(", ")
        };
        let held = list(&|n| present(n) && self.failed[n].is_none());
        let mut lines = Vec::new();
        if !held.is_empty() {
            lines.push(format!("Held at every reading, bit for bit: {held}."));
        }
        let mut steps: Vec<usize> = self.failed.iter().flatten().copied().collect();
        steps.sort_unstable();
        steps.dedup();
        for step in steps {
            let failed = list(&|n| self.failed[n] == Some(step));
            // P3 and P4 speak of outputs, and ask for targets that do not tell these apart.
            let outputs = !failed.contains("P1") && !failed.contains("P2");
            let why = if outputs && !what.targets_alike {
                ": the targets differ between outputs, so the outputs' gradients do"
            } else if step == 0 {
                ": the network did not start so"
            } else {
                ""
            };
            lines.push(format!("First failed at step {step}: {failed}{why}."));
        }
        lines
    }
}

impl Space {
    fn sentence(&self, name: &str, what: &What<'_>) -> String {
        let Self { units, .. } = self;
        let backend = what.backend;
        if *units < 2 {
            return format!("{name}: one unit, nothing to compare it with.");
        }
        if !self.one_unit_at_start {
            return format!("{name}: {units} units, not alike at the start.");
        }
        match &self.first_break {
            None if what.step == 0 => format!("{name}: {units} units are one unit."),
            None => {
                let (steps, readings) = (what.step, what.readings);
                let when = if readings > steps {
                    format!("after every one of {steps} steps")
                } else {
                    format!("at every one of {readings} readings in {steps} steps")
                };
                format!("{name}: {units} units were one unit {when} on {backend}, bit for bit.")
            }
            Some(broken) => {
                let [u, v] = broken.units;
                let size = match broken.difference {
                    Some(difference) => {
                        let plural = if broken.ulps == 1 { "" } else { "s" };
                        format!("{difference:.3e} ({} ulp{plural})", broken.ulps)
                    }
                    None => "a number that is not finite".to_owned(),
                };
                format!(
                    "{name}: {units} units were one unit until step {step} on {backend}; then units \
                     {u} and {v} differ in {parameter} by {size}.",
                    step = broken.step,
                    parameter = broken.parameter,
                )
            }
        }
    }
}

fn first_break(step: usize, number: usize, apart: &Apart) -> FirstBreak {
    FirstBreak {
        step,
        space: space_name(number),
        units: apart.units,
        parameter: parameter_name(apart.layer, apart.kind),
        difference: Some(apart.difference).filter(|difference| difference.is_finite()),
        ulps: apart.ulps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIKE: Alike = Alike { deviation: 0.0, ulps: 0 };
    const UNLIKE: Alike = Alike { deviation: 0.5, ulps: 9 };

    fn properties(p1: Alike, p3: Alike) -> Properties {
        Properties { p1, p2: Some(ALIKE), p3, p4: Some(p3) }
    }

    fn what(targets_alike: bool) -> What<'static> {
        What {
            backend: "ndarray",
            optimizer: "SGD",
            step: 2,
            readings: 3,
            targets_alike,
            finite: true,
        }
    }

    #[test]
    fn a_run_that_held() {
        let mut tally = Tally::default();
        for step in 0..=2 {
            tally.add(step, &properties(ALIKE, ALIKE), &[HiddenUnits { units: 2, apart: None }]);
        }
        assert_eq!(tally.word(), "held");
        let lines = tally.sentences(&what(true));
        assert_eq!(
            lines,
            [
                "hidden1: 2 units were one unit after every one of 2 steps on ndarray, bit for bit.",
                "What kept them so: equal incoming weights, biases and outgoing weights give equal \
                 gradients, and SGD moves equal units alike.",
                "Held at every reading, bit for bit: P1, P2, P3, P4.",
            ]
        );
    }

    #[test]
    fn unequal_targets_break_outputs_only() {
        let mut tally = Tally::default();
        let hidden = [HiddenUnits { units: 2, apart: None }];
        tally.add(0, &properties(ALIKE, ALIKE), &hidden);
        tally.add(1, &properties(ALIKE, UNLIKE), &hidden);
        tally.add(2, &properties(ALIKE, ALIKE), &hidden);
        assert_eq!(tally.word(), "held");
        let lines = tally.sentences(&what(false));
        assert!(lines.contains(
            &"First failed at step 1: P3, P4: the targets differ between outputs, so the outputs' \
              gradients do."
                .to_owned()
        ));
        assert!(lines.contains(&"Held at every reading, bit for bit: P1, P2.".to_owned()));
    }

    #[test]
    fn the_first_break_stays_the_first() {
        let mut tally = Tally::default();
        let apart =
            |ulps| Apart { units: [0, 6], layer: 1, kind: Kind::Weight, difference: 1e-7, ulps };
        tally.add(0, &properties(ALIKE, ALIKE), &[HiddenUnits { units: 7, apart: None }]);
        tally.add(
            1,
            &properties(UNLIKE, ALIKE),
            &[HiddenUnits { units: 7, apart: Some(apart(1)) }],
        );
        tally.add(
            2,
            &properties(UNLIKE, ALIKE),
            &[HiddenUnits { units: 7, apart: Some(apart(5)) }],
        );
        assert_eq!(tally.word(), "broken");
        let first = tally.first_break().unwrap();
        assert_eq!((first.step, first.ulps, first.parameter.as_str()), (1, 1, "linear2.weight"));
        let lines = tally.sentences(&what(true));
        assert_eq!(
            lines[0],
            "hidden1: 7 units were one unit until step 1 on ndarray; then units 0 and 6 differ in \
             linear2.weight by 1.000e-7 (1 ulp)."
        );
        assert!(lines[1].contains("Rounding parted them"));
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }
}
