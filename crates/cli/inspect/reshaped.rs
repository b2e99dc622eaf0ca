//! What `collapse` and `break` print about the file that they wrote.

use super::reduced;
use super::table::{HEADING, table};
use super::text::{count_of, distinct, grouped, plain};
use constinit_checkpoint::{Reshaped, SpaceChange};
use constinit_core::text::number;

/// What `collapse` wrote, and how it was checked; or that there was nothing to merge.
pub fn collapsed(report: &Reshaped) -> String {
    let [before, now] = report.entries.map(|count| grouped(count as u64));
    if report.unchanged {
        let units: usize = report.spaces.iter().map(|space| space.before).sum();
        let units = count_of(units as u64, "unit", "units");
        let spaces = count_of(report.spaces.len() as u64, "space", "spaces");
        return format!(
            "{HEADING}nothing to merge{HEADING:#}: no two of the {units} in {spaces} of {} compute the same\n\
             nothing was written (--force writes a copy)\n{}{}",
            plain(&report.file),
            removed(report),
            notes(report)
        );
    }
    let mut text = format!("{HEADING}{}{HEADING:#}\n", plain(&report.out));
    text += &format!("{before} numbers were read, {now} written\n\n");
    text += &spaces(report);
    text += &removed(report);
    text + &notes(report) + &checks(report)
}

/// What `break` wrote: whole units first, then why rows may stay equal, then how the file was checked.
pub fn broken(report: &Reshaped) -> String {
    let mut text = format!("{HEADING}{}{HEADING:#}\n", plain(&report.out));
    let changed: Vec<&SpaceChange> =
        report.spaces.iter().filter(|space| space.twins_before < space.before).collect();
    for space in &changed {
        text += &format!(
            "{}: {}, {} before\n",
            plain(&space.name),
            distinct(space.now, space.twins_now),
            grouped(space.twins_before as u64)
        );
    }
    if changed.is_empty() {
        text += "no two units were twins: nothing was changed\n";
    }
    for obstacle in &report.inseparable {
        text += &format!("not separated: {}\n", plain(obstacle));
    }
    if changed.iter().any(|space| space.twins_now > space.twins_before) {
        text += "\nOnly outgoing weights were changed, so the function stays the same. Rows of incoming weights that \
                 were equal are still equal, and `inspect` lists them for each parameter. Training separates them, \
                 because their gradients differ now.\n";
    }
    text += "\n";
    text + &spaces(report) + &notes(report) + &checks(report)
}

fn spaces(report: &Reshaped) -> String {
    let heading = ["space", "units", "units now", "twin classes", "twin classes now"];
    let rows = report.spaces.iter().map(|space| {
        let counts = [space.before, space.now, space.twins_before, space.twins_now];
        let counts = counts.map(|count| count.to_string());
        [plain(&space.name)].into_iter().chain(counts).collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    table(&heading, &rows, &vec![false; rows.len()])
}

/// The units that an activation made superfluous, the sizes, and whether the network could be smaller.
fn removed(report: &Reshaped) -> String {
    let lines = reduced::changes(report).into_iter().chain(reduced::sizes(report));
    let lines = lines.chain(report.minimality.as_deref().map(plain));
    lines.map(|line| format!("{line}\n")).collect()
}

fn notes(report: &Reshaped) -> String {
    report.notes.iter().map(|note| format!("note: {}\n", plain(note))).collect()
}

fn checks(report: &Reshaped) -> String {
    let text = format!(
        "\nread back; sums of every parameter differ by at most {} of their size\n",
        number(report.largest_sum_difference, 2)
    );
    text + &match report.outputs {
        Some(outputs) => format!(
            "outputs for {} random inputs, {} between layers: up to {}, largest difference {}\n",
            outputs.inputs,
            reduced::functions(report),
            number(outputs.largest, 4),
            number(outputs.difference, 2)
        ),
        None => "outputs were not compared: the forward pass is unknown, because this is not a plain chain of linear \
                 layers. The axes state that functions between parameters act on each unit alone, and none on all \
                 units (a normalisation); this was not checked\n"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(twins_now: usize) -> Reshaped {
        let space = SpaceChange {
            name: "h".into(),
            before: 3,
            now: 3,
            twins_before: 2,
            twins_now,
            ..SpaceChange::default()
        };
        Reshaped {
            schema: 1,
            file: "m".into(),
            out: "new".into(),
            entries: [9, 9],
            spaces: vec![space],
            inseparable: vec![],
            largest_sum_difference: 0.0,
            outputs: None,
            notes: vec!["note".into()],
            bytes: None,
            minimality: None,
            unchanged: false,
        }
    }

    /// The text without colours.
    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn whole_units_lead_and_rows_are_explained() {
        let text = bare(&broken(&report(3)));
        assert!(
            text.starts_with("new\nh: 3 units, 3 distinct, 2 before\n\nOnly outgoing"),
            "{text}"
        );
        // If nothing could be separated, nothing needs an explanation.
        let mut stuck = report(2);
        stuck.inseparable = vec!["2 units of h: no parameter reads the space".into()];
        let text = bare(&broken(&stuck));
        assert!(text.contains("not separated: 2 units of h") && !text.contains("Only"), "{text}");
        let mut none = report(3);
        none.spaces[0].twins_before = 3;
        assert!(bare(&broken(&none)).contains("nothing was changed"));
    }

    #[test]
    fn nothing_to_merge_is_said() {
        let text = bare(&collapsed(&Reshaped { unchanged: true, ..report(3) }));
        assert_eq!(
            text,
            "nothing to merge: no two of the 3 units in 1 space of m compute the same\n\
             nothing was written (--force writes a copy)\nnote: note\n"
        );
        assert!(bare(&collapsed(&report(3))).starts_with("new\n9 numbers were read, 9 written\n"));
    }
}
