//! The losses of all runs over steps, a colour for each start.

use super::Comparison;
use crate::chart::{Chart, Line, from_to};
use crate::figure::{Figure, Stroke};
use crate::number::counted;
use crate::scale::Scale;
use std::collections::{BTreeMap, BTreeSet};

/// None where no step was done.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let losses = || comparison.runs.iter().flat_map(|run| &run.losses);
    let steps: BTreeSet<usize> = losses().map(|(step, _)| *step).collect();
    if steps.is_empty() {
        return None;
    }
    let steps: Vec<usize> = steps.into_iter().collect();
    let starts = &comparison.start.starts;
    let (mut lines, mut told, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    for (group, start) in starts.iter().enumerate() {
        let several = start.seeds > 1;
        for (number, run) in comparison.runs_of(group).enumerate() {
            let known: BTreeMap<usize, Option<f64>> = run.losses.iter().copied().collect();
            let values: Vec<Option<f64>> =
                steps.iter().map(|step| known.get(step).copied().flatten()).collect();
            let name = match several {
                true => format!("{}, seed {}", start.start, run.seed),
                false => start.start.clone(),
            };
            if number == 0 {
                told.push(format!("{name}: {}", from_to(&values)));
            }
            if run.reason.is_some() {
                gaps.push(name.clone());
            }
            lines.push(Line {
                group,
                name,
                values,
                width: if several { 1.2 } else { 2.0 },
                label: (number == 0).then(|| short_label(&start.start)),
                stroke: Stroke::Plain,
                points: Vec::new(),
            });
        }
    }
    let notes = match gaps.len() {
        0 => Vec::new(),
        count => vec![format!("{} diverged; the lines end there.", counted(count, "run"))],
    };
    Some(
        Chart {
            name: "loss".to_owned(),
            title: "Loss from each start".to_owned(),
            description: format!("The loss over steps, a line a run. {}.", told.join("; ")),
            notes,
            quantity: "loss that the step computed",
            scale: Scale::fitting(losses().filter_map(|(_, loss)| *loss)),
            across: Scale::of_steps(comparison.last_step()),
            along: "step",
            steps,
            lines,
            groups: starts.iter().map(|start| start.start.clone()).collect(),
            mark: None,
        }
        .figure(),
    )
}

/// What fits beside a figure.
fn short_label(name: &str) -> String {
    match name.char_indices().nth(15) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
