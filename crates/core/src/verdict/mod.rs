//! The verdict on a training: which hidden units were equal, for how long, what kept them equal, and what separated them; and
//! what the network learned.

mod learned;

pub use learned::{DeadAtEnd, OutcomeWhat, outcome_sentences};

use crate::probe::{SpaceReading, SymmetryReading};
use crate::text::number;
use constinit_records::{FirstBreakRecord as VerdictBreak, VerdictWord};
use constinit_symmetry::theorem::{Deviation, Properties};
use serde::{Deserialize, Serialize};

/// What the readings show of a hidden space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct JudgedSpace {
    name: String,
    units: usize,
    /// Classes of twins at the start.
    classes: usize,
    /// Classes of twins, and units that the layer's function needs, when these were last counted.
    #[serde(default)]
    needed: Option<[usize; 2]>,
}

/// What the readings have shown so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    spaces: Vec<JudgedSpace>,
    breaks: Vec<VerdictBreak>,
    /// For P1 to P4: the first step at which it failed.
    failed: [Option<usize>; 4],
    /// Whether the network has biases; without them there is no P2 and no P4.
    bias: bool,
}

/// Hidden units of which some were equal to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distinct {
    /// How many of them are distinct.
    pub classes: usize,
    /// All of them.
    pub units: usize,
    /// Whether each layer has one distinct unit.
    pub all_one: bool,
}

/// What the verdict must name.
pub struct What<'a> {
    /// The backend, as in "on ndarray".
    pub backend: &'a str,
    /// The optimizer's name.
    pub optimizer: &'a str,
    /// Steps done.
    pub step: usize,
    /// Readings taken.
    pub readings: usize,
    /// Whether the targets of each example are equal.
    pub targets_alike: bool,
    /// Whether all numbers stayed finite, which the theorem assumes.
    pub finite: bool,
}

impl Tally {
    /// Takes one reading into account.
    pub fn add(&mut self, names: &[&str], properties: &Properties, reading: &SymmetryReading) {
        if self.spaces.is_empty() {
            let space = |(name, read): (&&str, &SpaceReading)| JudgedSpace {
                name: (*name).to_owned(),
                units: read.units,
                classes: read.twins,
                needed: None,
            };
            self.spaces = names.iter().zip(&reading.spaces).map(space).collect();
        }
        for (space, read) in self.spaces.iter_mut().zip(&reading.spaces) {
            space.needed = read.needed.map(|needed| [read.twins, needed]).or(space.needed);
        }
        self.bias = properties.p2.is_some();
        for (failed, (_, property)) in self.failed.iter_mut().zip(properties.iter()) {
            if failed.is_none() && property.as_ref().is_some_and(|alike: &Deviation| !alike.holds())
            {
                *failed = Some(reading.step);
            }
        }
    }

    /// Takes a break into account.
    pub fn add_break(&mut self, broken: VerdictBreak) {
        // The theorem does not apply to numbers that are not finite. The run reports these separately.
        if broken.difference.is_some() {
            self.breaks.push(broken);
        }
    }

    /// The first break of any space.
    pub fn first_break(&self) -> Option<&VerdictBreak> {
        self.breaks.iter().min_by_key(|broken| broken.step)
    }

    /// The last break.
    pub fn last_break(&self) -> Option<&VerdictBreak> {
        self.breaks.iter().max_by_key(|broken| broken.step)
    }

    /// The spaces that have broken.
    pub fn broken_spaces(&self) -> impl Iterator<Item = &str> {
        self.breaks.iter().map(|broken| broken.space.as_str())
    }

    /// Whether units that started equal stayed equal, if there were any.
    pub fn word(&self) -> VerdictWord {
        match (self.breaks.is_empty(), self.spaces.iter().any(JudgedSpace::has_twins)) {
            (false, _) => VerdictWord::Broken,
            (true, true) => VerdictWord::Held,
            (true, false) => VerdictWord::None,
        }
    }

    /// How many of the hidden units were distinct to the end; None if all were, or some diverged.
    pub fn distinct(&self) -> Option<Distinct> {
        (self.word() == VerdictWord::Held).then(|| Distinct {
            classes: self.spaces.iter().map(|space| space.classes).sum(),
            units: self.spaces.iter().map(|space| space.units).sum(),
            all_one: self.spaces.iter().all(|space| space.classes == 1),
        })
    }

    /// The verdict for people, one line per finding.
    pub fn sentences(&self, what: &What<'_>) -> Vec<String> {
        let broken_in = |space: &JudgedSpace| self.breaks.iter().find(|b| b.space == space.name);
        let mut lines: Vec<String> =
            self.spaces.iter().map(|space| space.sentence(broken_in(space), what)).collect();
        lines.extend(self.spaces.iter().filter_map(JudgedSpace::needed_sentence));
        if self.spaces.is_empty() {
            lines
                .push("No hidden layer: a linear model has no hidden units to compare.".to_owned());
        }
        if what.finite && self.spaces.iter().any(JudgedSpace::has_twins) {
            let kept = "equal incoming weights, biases and outgoing weights give equal gradients";
            let optimizer = what.optimizer;
            lines.push(match self.first_break() {
                None => format!(
                    "What {} them equal: {kept}, and {optimizer} updates equal units equally.",
                    if what.step == 0 { "would keep" } else { "kept" },
                ),
                Some(broken) if broken.rounding => format!(
                    "In exact arithmetic they would still be equal: {kept}, and {optimizer} updates equal units \
                     equally. {}",
                    broken.cause
                ),
                Some(broken) => broken.cause.clone(),
            });
        }
        lines.extend(self.properties_sentence(what));
        lines
    }

    fn properties_sentence(&self, what: &What<'_>) -> Vec<String> {
        let names = ["P1", "P2", "P3", "P4"];
        let hidden = !self.spaces.is_empty();
        let present = |number: usize| hidden && (self.bias || number.is_multiple_of(2));
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
            // P3 and P4 are about outputs, and hold if the targets do not distinguish outputs.
            let outputs = !failed.contains("P1") && !failed.contains("P2");
            let why = if outputs && !what.targets_alike {
                ": the targets differ between outputs, so the gradients of the outputs differ"
            } else if step == 0 {
                ": already false at the start"
            } else {
                ""
            };
            lines.push(format!("{failed} first failed at step {step}{why}."));
        }
        lines
    }
}

impl JudgedSpace {
    fn has_twins(&self) -> bool {
        self.classes < self.units
    }

    /// How few units the layer's function needs, if these are fewer than the distinct ones.
    fn needed_sentence(&self) -> Option<String> {
        let Self { name, units, needed: Some([distinct, needed]), .. } = self else { return None };
        (needed < distinct)
            .then(|| format!("{name}: {units} units, {distinct} distinct, {needed} needed."))
    }

    fn sentence(&self, broken: Option<&VerdictBreak>, what: &What<'_>) -> String {
        let Self { name, units, classes, .. } = self;
        let backend = what.backend;
        if *units < 2 {
            return format!("{name}: one unit, so there is nothing to compare.");
        }
        if classes == units {
            return format!("{name}: {units} units, all distinct at the start.");
        }
        match broken {
            None if what.step == 0 => format!("{name}: {units} units, {classes} distinct."),
            None => {
                let (steps, readings) = (what.step, what.readings);
                let when = if readings > steps {
                    format!("after every one of {steps} steps")
                } else {
                    format!("at every one of {readings} readings in {steps} steps")
                };
                format!(
                    "{name}: {units} units, {classes} distinct {when} on {backend}, bit for bit."
                )
            }
            Some(broken) => {
                format!(
                    "{name}: {units} units, {classes} distinct until step {step} on {backend}; then {differ}{gradients}.",
                    step = broken.step,
                    differ = differ(broken),
                    gradients = match broken.gradients_agreed {
                        None => "",
                        Some(true) => "; their gradients were equal",
                        Some(false) => "; their gradients already differed",
                    }
                )
            }
        }
    }
}

/// Which units differ in which parameter, and by how much.
pub fn differ(broken: &VerdictBreak) -> String {
    let VerdictBreak { units: [u, v], parameter, ulps, .. } = broken;
    let difference = broken.difference.unwrap_or(f64::INFINITY);
    let plural = if *ulps == 1 { "" } else { "s" };
    let difference = number(difference, 4);
    format!("units {u} and {v} differ in {parameter} by {difference} ({ulps} ulp{plural})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Cause;

    const ALIKE: Deviation = Deviation { deviation: 0.0, ulps: 0 };
    const UNLIKE: Deviation = Deviation { deviation: 0.5, ulps: 9 };

    fn properties(p1: Deviation, p3: Deviation) -> Properties {
        Properties { p1: Some(p1), p2: Some(ALIKE), p3: Some(p3), p4: Some(p3) }
    }

    fn reading(step: usize, units: usize, twins: usize) -> SymmetryReading {
        let space = SpaceReading {
            units,
            twins,
            equitable: Some(twins),
            forward: Some(twins),
            ..SpaceReading::default()
        };
        SymmetryReading { step, loss: None, spaces: vec![space] }
    }

    fn what(targets_alike: bool) -> What<'static> {
        let (backend, optimizer) = ("ndarray", "SGD");
        What { backend, optimizer, step: 2, readings: 3, targets_alike, finite: true }
    }

    fn broken(step: usize, ulps: u64) -> VerdictBreak {
        VerdictBreak {
            step,
            since: Some(step - 1),
            space: "hidden1".to_owned(),
            units: [0, 6],
            parameter: "linear2.weight".to_owned(),
            entries: [vec![0, 0], vec![0, 6]],
            difference: Some(1e-7),
            ulps,
            gradients_agreed: Some(false),
            cause: Cause::Rounding.to_string(),
            rounding: true,
        }
    }

    #[test]
    fn units_that_are_not_needed_are_told() {
        let mut tally = Tally::default();
        let mut last = reading(2, 16, 9);
        tally.add(&["hidden1"], &properties(ALIKE, ALIKE), &last);
        assert_eq!(
            tally.sentences(&what(true)).iter().filter(|line| line.contains("needed")).count(),
            0
        );
        for (needed, told) in [(Some(7), 1), (None, 1), (Some(9), 0)] {
            last.spaces[0].needed = needed;
            tally.add(&["hidden1"], &properties(ALIKE, ALIKE), &last);
            let lines = tally.sentences(&what(true));
            let sentence = "hidden1: 16 units, 9 distinct, 7 needed.";
            assert_eq!(lines.iter().filter(|line| *line == sentence).count(), told, "{lines:?}");
        }
    }

    #[test]
    fn a_run_that_held() {
        let mut tally = Tally::default();
        for step in 0..=2 {
            tally.add(&["hidden1"], &properties(ALIKE, ALIKE), &reading(step, 2, 1));
        }
        assert_eq!(tally.word(), VerdictWord::Held);
        let lines = tally.sentences(&what(true));
        assert_eq!(
            lines,
            [
                "hidden1: 2 units, 1 distinct after every one of 2 steps on ndarray, bit for bit.",
                "What kept them equal: equal incoming weights, biases and outgoing weights give equal \
                 gradients, and SGD updates equal units equally.",
                "Held at every reading, bit for bit: P1, P2, P3, P4.",
            ]
        );
    }

    #[test]
    fn some_classes_and_none() {
        let mut tally = Tally::default();
        tally.add(&["hidden1"], &properties(UNLIKE, ALIKE), &reading(0, 16, 4));
        assert_eq!(tally.distinct(), Some(Distinct { classes: 4, units: 16, all_one: false }));
        assert!(tally.sentences(&what(true))[0].starts_with("hidden1: 16 units, 4 distinct after"));
        let mut tally = Tally::default();
        tally.add(&["hidden1"], &properties(UNLIKE, ALIKE), &reading(0, 16, 16));
        let lines = tally.sentences(&what(true));
        assert_eq!((tally.word(), tally.distinct()), (VerdictWord::None, None));
        assert_eq!(lines[0], "hidden1: 16 units, all distinct at the start.");
        assert!(!lines[1].contains("kept"), "{lines:?}");
    }

    #[test]
    fn unequal_targets_break_outputs_only() {
        let mut tally = Tally::default();
        tally.add(&["hidden1"], &properties(ALIKE, ALIKE), &reading(0, 2, 1));
        tally.add(&["hidden1"], &properties(ALIKE, UNLIKE), &reading(1, 2, 1));
        tally.add(&["hidden1"], &properties(ALIKE, ALIKE), &reading(2, 2, 1));
        assert_eq!(tally.word(), VerdictWord::Held);
        let lines = tally.sentences(&what(false));
        assert!(lines.contains(
            &"P3, P4 first failed at step 1: the targets differ between outputs, so the gradients of the \
              outputs differ."
                .to_owned()
        ));
        assert!(lines.contains(&"Held at every reading, bit for bit: P1, P2.".to_owned()));
    }

    #[test]
    fn a_break_is_told_with_its_cause_and_kept_in_checkpoints() {
        let mut tally = Tally::default();
        tally.add(&["hidden1"], &properties(ALIKE, ALIKE), &reading(0, 7, 1));
        tally.add(&["hidden1"], &properties(UNLIKE, ALIKE), &reading(1, 7, 2));
        tally.add_break(broken(1, 1));
        assert_eq!((tally.word(), tally.distinct()), (VerdictWord::Broken, None));
        assert_eq!(tally.broken_spaces().collect::<Vec<_>>(), ["hidden1"]);
        let lines = tally.sentences(&what(true));
        assert_eq!(
            lines[0],
            "hidden1: 7 units, 1 distinct until step 1 on ndarray; then units 0 and 6 differ in \
             linear2.weight by 1e-7 (1 ulp); their gradients already differed."
        );
        assert!(lines[1].contains("by exclusion: rounding"), "{}", lines[1]);
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }
}
