//! The outcome of a training, in sentences: the loss compared with that of the best constant answer, and dead units.
#![deny(clippy::wildcard_enum_match_arm)]

use super::Distinct;
use crate::text::number;
use constinit_records::{DeadRecord, LEARNED_NOTHING, OutcomeRecord};
use constinit_symmetry::{Activation, Loss};
use std::collections::BTreeMap;

/// Digits of losses.
const DIGITS: usize = 5;

/// The dead units of a network after the last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeadAtEnd {
    /// The name of each hidden layer, its dead units, and all of its units.
    pub layers: Vec<(String, usize, usize)>,
    /// The layers in which every unit is dead.
    pub whole: BTreeMap<String, DeadRecord>,
}

/// What the sentences must name.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeWhat {
    /// The loss that training minimises.
    pub loss: Loss,
    /// The function between layers.
    pub activation: Activation,
    /// Whether layers have biases.
    pub bias: bool,
    /// Steps done.
    pub step: usize,
    /// How many hidden units were distinct to the end.
    pub distinct: Option<Distinct>,
}

/// The outcome of a training, and its causes as far as dead units show them, one line per finding.
pub fn outcome_sentences(
    outcome: Option<&OutcomeRecord>,
    dead: &DeadAtEnd,
    what: &OutcomeWhat,
) -> Vec<String> {
    let mut lines: Vec<String> =
        outcome.map(|outcome| learned(outcome, what)).into_iter().collect();
    for (name, units, all) in &dead.layers {
        match dead.whole.get(name) {
            Some(whole) => {
                // Layers after the last dead layer are after all dead layers.
                let last = dead.whole.keys().next_back() == Some(name);
                let is_last_layer = dead.layers.last().is_some_and(|(last, ..)| last == name);
                let still = if last { left(what, is_last_layer) } else { "" };
                lines.push(whole_layer(name, whole, still));
            }
            None if *units > 0 => {
                let (verb, slope) = match units {
                    1 => ("is", "its slope is"),
                    _ => ("are", "their slope is"),
                };
                lines.push(format!(
                    "{name}: {units} of {all} units {verb} dead at the end: {slope} 0 on every example."
                ));
            }
            None => {}
        }
    }
    lines
}

/// Whether the network learned, in a sentence.
fn learned(outcome: &OutcomeRecord, what: &OutcomeWhat) -> String {
    let OutcomeRecord { loss, baseline, explained, accuracy, majority } = *outcome;
    let constant = constant(what.loss);
    let trained = what.step > 0;
    let ends = if trained { "the loss ends at" } else { "the loss is" };
    let loss = number(loss, DIGITS);
    let mut sentence = match (explained, baseline) {
        (Some(explained), Some(baseline)) if explained < LEARNED_NOTHING => {
            let nothing = if trained { "Learned nothing" } else { "Not trained" };
            let beside = if explained > -LEARNED_NOTHING {
                format!("within {} of", percent(LEARNED_NOTHING))
            } else {
                "above".to_owned()
            };
            let baseline = number(baseline, DIGITS);
            format!("{nothing}: {ends} {loss}, {beside} {baseline}, the loss of {constant}")
        }
        (Some(explained), Some(baseline)) => {
            let learned = match (trained, what.distinct) {
                (false, _) => "Not trained".to_owned(),
                (true, Some(Distinct { all_one: true, .. })) => {
                    "Learned what one unit per layer can learn".to_owned()
                }
                (true, Some(Distinct { classes, units, .. })) => {
                    format!("Learned what {classes} distinct hidden units of {units} can learn")
                }
                (true, None) => "Learned".to_owned(),
            };
            format!(
                "{learned}: {ends} {loss} ({} below {}, the loss of {constant})",
                percent(explained),
                number(baseline, DIGITS)
            )
        }
        (_, Some(_)) => {
            format!("All examples have equal targets, so {constant} has a loss of 0; {ends} {loss}")
        }
        (_, None) => format!("There is no best constant answer to compare with; {ends} {loss}"),
    };
    if let (Some(accuracy), Some(majority)) = (accuracy, majority) {
        sentence += &format!(
            ". Accuracy {} ({} by always answering the largest class)",
            percent(accuracy),
            percent(majority)
        );
    }
    sentence + "."
}

/// The best constant answer.
fn constant(loss: Loss) -> &'static str {
    match loss {
        Loss::Mse => "always answering the mean",
        Loss::CrossEntropy => "always answering the class frequencies",
        Loss::Huber => "the best constant answer",
    }
}

/// A layer in which every unit is dead.
fn whole_layer(name: &str, dead: &DeadRecord, still: &str) -> String {
    let DeadRecord { units, since, alive } = dead;
    let (who, slope) = match units {
        1 => (format!("The only unit of {name} is dead"), "its slope is"),
        _ => (format!("All {units} units of {name} are dead"), "their slope is"),
    };
    let when = match (since, alive) {
        (0, _) => "from the start".to_owned(),
        (since, None) => format!("from step {since} on"),
        (since, Some(alive)) => {
            format!("from step {since} or earlier on (one was alive after step {alive})")
        }
    };
    format!("{who} {when}: {slope} 0 on every example{still}.")
}

/// Which parameters still get a gradient if a layer is dead.
fn left(what: &OutcomeWhat, is_last_layer: bool) -> &'static str {
    let zero = match what.activation {
        Activation::Relu => true,
        Activation::Tanh
        | Activation::Sigmoid
        | Activation::Gelu
        | Activation::Silu
        | Activation::Softplus
        | Activation::LeakyRelu
        | Activation::Elu
        | Activation::Identity => false,
    };
    match (zero, what.bias, is_last_layer) {
        (true, true, true) => ". Only the output bias still changes",
        (true, true, false) => ". Only the layers behind them still change",
        // The later layers get zeros, and give zeros.
        (true, false, _) => ". Nothing changes any more",
        (false, ..) => ". Only the layers behind them still change",
    }
}

/// A share of at most 1 in percent; a share below 1 is never rounded to 100 %.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if (99.95..100.0).contains(&percent) {
        return format!("{:.2} %", (100.0 * percent).floor() / 100.0);
    }
    let text = format!("{percent:.1}");
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(loss: Loss, step: usize, distinct: Option<Distinct>) -> OutcomeWhat {
        OutcomeWhat { loss, activation: Activation::Relu, bias: true, step, distinct }
    }

    fn outcome(loss: f64, baseline: f64) -> OutcomeRecord {
        let explained = (baseline > 0.0).then(|| 1.0 - loss / baseline);
        OutcomeRecord { loss, baseline: Some(baseline), explained, accuracy: None, majority: None }
    }

    fn first(outcome: &OutcomeRecord, loss: Loss, distinct: Option<Distinct>) -> String {
        let what = what(loss, 9, distinct);
        let lines = outcome_sentences(Some(outcome), &DeadAtEnd::default(), &what);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].clone()
    }

    #[test]
    fn the_first_sentence_says_what_was_learned() {
        let classes = OutcomeRecord {
            accuracy: Some(1.0 / 3.0),
            majority: Some(1.0 / 3.0),
            ..outcome(1.098612, 1.0986123)
        };
        assert_eq!(
            first(&classes, Loss::CrossEntropy, None),
            "Learned nothing: the loss ends at 1.0986, within 1 % of 1.0986, the loss of always answering the class \
             frequencies. Accuracy 33.3 % (33.3 % by always answering the largest class)."
        );
        assert_eq!(
            first(&outcome(2.0, 0.072749), Loss::Mse, None),
            "Learned nothing: the loss ends at 2, above 0.072749, the loss of always answering the mean."
        );
        let one = Distinct { classes: 2, units: 9, all_one: true };
        assert_eq!(
            first(&outcome(0.13, 1.0), Loss::Huber, Some(one)),
            "Learned what one unit per layer can learn: the loss ends at 0.13 (87 % below 1, the loss of the best \
             constant answer)."
        );
        let some = Distinct { all_one: false, ..one };
        assert!(first(&outcome(1e-9, 1.0), Loss::Mse, Some(some)).starts_with(
            "Learned what 2 distinct hidden units of 9 can learn: the loss ends at 1e-9 (99.99 % below 1,"
        ));
        assert_eq!(
            first(&outcome(0.25, 0.0), Loss::Mse, None),
            "All examples have equal targets, so always answering the mean has a loss of 0; the loss ends at 0.25."
        );
        let unbounded = OutcomeRecord { baseline: None, explained: None, ..outcome(-3.0, 1.0) };
        assert_eq!(
            first(&unbounded, Loss::CrossEntropy, None),
            "There is no best constant answer to compare with; the loss ends at -3."
        );
    }

    #[test]
    fn before_training_nothing_is_said_to_be_learned() {
        let what = what(Loss::Mse, 0, None);
        for (loss, words) in [
            (1.0, "Not trained: the loss is 1, within 1 % of 1, the loss of"),
            (0.1, "Not trained: the loss is 0.1 (90 % below 1, the loss of"),
        ] {
            let lines = outcome_sentences(Some(&outcome(loss, 1.0)), &DeadAtEnd::default(), &what);
            assert!(lines[0].starts_with(words), "{lines:?}");
        }
    }

    #[test]
    fn dead_layers_are_said_with_what_is_known_of_their_step() {
        let dead = |since, alive| {
            let whole = [("hidden1".to_owned(), DeadRecord { units: 2, since, alive })];
            let layers = vec![("hidden1".to_owned(), 2, 2), ("hidden2".to_owned(), 1, 3)];
            DeadAtEnd { layers, whole: whole.into() }
        };
        let said = |dead: &DeadAtEnd, bias, activation| {
            let what = OutcomeWhat { bias, activation, ..what(Loss::Mse, 9, None) };
            outcome_sentences(None, dead, &what)
        };
        let lines = said(&dead(2, None), true, Activation::Relu);
        assert_eq!(
            lines,
            [
                "All 2 units of hidden1 are dead from step 2 on: their slope is 0 on every example. Only the layers \
                 behind them still change.",
                "hidden2: 1 of 3 units is dead at the end: its slope is 0 on every example.",
            ]
        );
        let lines = said(&dead(200, Some(190)), false, Activation::Relu);
        assert_eq!(
            lines[0],
            "All 2 units of hidden1 are dead from step 200 or earlier on (one was alive after step 190): their slope is \
             0 on every example. Nothing changes any more."
        );
        let mut last = dead(0, None);
        last.layers.pop();
        assert_eq!(
            said(&last, true, Activation::Relu),
            [
                "All 2 units of hidden1 are dead from the start: their slope is 0 on every example. Only the output bias \
                 still changes."
            ]
        );
        assert!(
            said(&last, true, Activation::Tanh)[0]
                .ends_with("the layers behind them still change.")
        );
    }
}
