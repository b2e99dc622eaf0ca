//! Checkpoints with fewer units, or with units that differ: the same function, written to a new file.

use constinit_records::inspection::{RESHAPE_SCHEMA, Reshaped, SpaceChange};
use constinit_symmetry::text::number;
use constinit_symmetry::{
    AxesFile, AxesSpec, BreakScale, OwnedParam, ParamView, RoleAxis, SearchError, SpaceId,
    Symmetry, SymmetryError, break_symmetry, collapse, forward_lumpable, twins,
};

use crate::chain;
use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::inspect::and_more;
use crate::inspect::direction::{ask, undecided};
use crate::inspect::spaces::{Loaded, given, not_named};
use crate::verify::{self, Sums};
use crate::write::{Destination, NewFile};

/// Merges units that compute the same number, and writes the smaller network to a new file.
///
/// The axes must name every floating parameter, and every tensor of another type that has more than one entry along an
/// axis: a tensor that is left out could read a space whose units are merged. Tensors of other types are copied, so
/// they can only have fixed axes. Under [`Destination::only_if_changed`] nothing is written if no unit is merged, and
/// the report says so.
///
/// # Errors
///
/// In each of these cases, nothing is at `out`:
///
/// - the axes do not fit or do not cover the checkpoint;
/// - a parameter has entries that are not finite, or merged units add up to such entries;
/// - the checkpoint cannot be read, or the new one cannot be written;
/// - what was written does not compute the same.
pub fn collapse_file<'d>(
    checkpoint: &Checkpoint,
    axes: &AxesFile,
    out: impl Into<Destination<'d>>,
) -> Result<Reshaped, CheckpointError> {
    let symmetry = CheckpointError::symmetry(checkpoint.path());
    let spec = whole(checkpoint, axes)?;
    let loaded = Loaded::new(checkpoint, &spec)?;
    check_finite(checkpoint, &loaded)?;
    let views = loaded.views().map_err(&symmetry)?;
    let classes = forward_lumpable(&spec, &views, &[]).map_err(|error| {
        let turned = undecided(checkpoint, axes, &spec);
        match (&error, turned.first()) {
            // A parameter that is read transposed may be the one that produces the space.
            (SymmetryError::Search(SearchError::MissingInputPartition { .. }), Some(param)) => {
                CheckpointError::unsupported(checkpoint.path(), ask(param))
            }
            _ => symmetry(error),
        }
    })?;
    check_decided(checkpoint, axes, &classes)?;
    let collapsed = collapse(&classes, &views).map_err(&symmetry)?;
    let made = Made { spec: collapsed.spec(), params: collapsed.params() };
    finish(checkpoint, out.into(), axes, (&classes, &views), &made, Vec::new())
}

/// Changes the outgoing weights of twins within a [`BreakScale`], so that training can separate them, and writes the
/// network to a new file. The function stays the same.
///
/// # Errors
///
/// As [`collapse_file`]; and if the scale is negative or not finite.
pub fn break_file<'d>(
    checkpoint: &Checkpoint,
    axes: &AxesFile,
    out: impl Into<Destination<'d>>,
    scale: impl Into<BreakScale>,
    seed: u64,
) -> Result<Reshaped, CheckpointError> {
    let symmetry = CheckpointError::symmetry(checkpoint.path());
    let spec = whole(checkpoint, axes)?;
    let loaded = Loaded::new(checkpoint, &spec)?;
    check_finite(checkpoint, &loaded)?;
    let views = loaded.views().map_err(&symmetry)?;
    let classes = twins(&spec, &views).map_err(&symmetry)?;
    check_decided(checkpoint, axes, &classes)?;
    let broken = break_symmetry(&classes, &views, scale, seed).map_err(&symmetry)?;
    let inseparable = broken.inseparable().iter().map(ToString::to_string).collect();
    let made = Made { spec: &spec, params: broken.params() };
    finish(checkpoint, out.into(), axes, (&classes, &views), &made, inseparable)
}

/// The new network.
struct Made<'m> {
    spec: &'m AxesSpec,
    params: &'m [OwnedParam],
}

/// The spec of axes that must be complete: an error if they leave out a floating parameter, or a tensor of another type
/// whose axes could range over units.
pub(crate) fn whole(checkpoint: &Checkpoint, axes: &AxesFile) -> Result<AxesSpec, CheckpointError> {
    // Units of kept spaces stay, because something else counts or reads them.
    let mut unmerged = axes.clone();
    unmerged.fixed.append(&mut unmerged.kept);
    let spec = given(checkpoint, &unmerged)?;
    let unread = checkpoint
        .others()
        .iter()
        .filter(|other| other.has_units && !axes.axes.contains_key(&other.path));
    let unread = unread.map(|other| other.path.as_str());
    if let Some(first) = not_named(checkpoint, &spec).chain(unread).next() {
        let problem = format!(
            "the axes file does not name `{first}`, which could read changed units (write \"\" for a fixed axis)"
        );
        return Err(CheckpointError::unsupported(checkpoint.path(), problem));
    }
    Ok(spec)
}

/// An error if it is unknown which axis of a parameter is the output, and the result depends on it: the parameter
/// ranges over a space that has a class of several units.
fn check_decided(
    checkpoint: &Checkpoint,
    axes: &AxesFile,
    classes: &Symmetry,
) -> Result<(), CheckpointError> {
    let several = |axis: &RoleAxis<SpaceId>| {
        axis.axis.space().is_some_and(|id| !classes.spaces()[id.get()].partition().is_discrete())
    };
    let mut undecided = undecided(checkpoint, axes, classes.spec()).into_iter();
    match undecided.find(|param| param.axes().iter().any(several)) {
        Some(param) => Err(CheckpointError::unsupported(checkpoint.path(), ask(param))),
        None => Ok(()),
    }
}

/// An error if a parameter has entries that are not finite.
pub(crate) fn check_finite(
    checkpoint: &Checkpoint,
    loaded: &Loaded<'_>,
) -> Result<(), CheckpointError> {
    let Some((path, count)) = loaded.non_finite() else { return Ok(()) };
    let entries = if count == 1 { "entry that is" } else { "entries that are" };
    let problem =
        format!("`{path}` has {count} {entries} not finite; sums over them have no meaning");
    Err(CheckpointError::unsupported(checkpoint.path(), problem))
}

/// Writes, reads back, checks, and only then gives the file its name.
fn finish(
    checkpoint: &Checkpoint,
    out: Destination<'_>,
    axes: &AxesFile,
    (classes, views): (&Symmetry, &[ParamView<'_>]),
    made: &Made<'_>,
    inseparable: Vec<String>,
) -> Result<Reshaped, CheckpointError> {
    let symmetry = CheckpointError::symmetry(checkpoint.path());
    let made_entries: usize = made.params.iter().map(|param| param.view().entries()).sum();
    let read_entries: usize = views.iter().map(ParamView::entries).sum();
    let before = twins(classes.spec(), views).map_err(&symmetry)?;
    let notes = guesses(checkpoint, axes, made.spec);
    if out.skips_copies() && made_entries == read_entries {
        return unchanged(checkpoint, out, made_entries, (changes(&before, &before), notes));
    }
    let file = NewFile::write(out, checkpoint, made.params)?;
    let written = file.open()?;
    let loaded = Loaded::new(&written, made.spec)?;
    let now = loaded.views().map_err(&symmetry)?;
    let Sums { largest, place } = verify::sums(classes, views, made.spec, &now);
    let wrong = |problem| CheckpointError::NotVerified { file: out.path().into(), problem };
    if let Some(place) = place {
        return Err(wrong(format!(
            "sums of `{place}` differ by {} of their size",
            number(largest, 3)
        )));
    }
    let chain = chain::linear_chain(checkpoint.parameter_set(), checkpoint.format());
    let outputs = chain.map(|chain| verify::outputs(&chain, &[], 0.0, views, &now));
    let outputs = outputs.transpose().map_err(wrong)?;
    let after = twins(made.spec, &now).map_err(&symmetry)?;
    let report = Reshaped {
        schema: RESHAPE_SCHEMA,
        file: checkpoint.path().display().to_string(),
        out: out.path().display().to_string(),
        entries: [views, &now].map(|views| views.iter().map(ParamView::entries).sum()),
        spaces: changes(&before, &after),
        inseparable,
        largest_sum_difference: largest,
        outputs,
        notes,
        bytes: None,
        minimality: None,
        unchanged: false,
    };
    out.go_on()?;
    file.keep()?;
    Ok(report)
}

/// The units of every space, and how many of them differ, before and now.
fn changes(before: &Symmetry, now: &Symmetry) -> Vec<SpaceChange> {
    let spaces = before.spaces().iter().zip(now.spaces()).map(|(old, new)| SpaceChange {
        name: old.name().into(),
        before: old.partition().units(),
        now: new.partition().units(),
        twins_before: old.effective_width(),
        twins_now: new.effective_width(),
        ..SpaceChange::default()
    });
    spaces.collect()
}

/// The report if nothing was written because nothing would change.
pub(crate) fn unchanged(
    checkpoint: &Checkpoint,
    out: Destination<'_>,
    entries: usize,
    (spaces, notes): (Vec<SpaceChange>, Vec<String>),
) -> Result<Reshaped, CheckpointError> {
    checkpoint.check_unchanged()?;
    Ok(Reshaped {
        schema: RESHAPE_SCHEMA,
        file: checkpoint.path().display().to_string(),
        out: out.path().display().to_string(),
        entries: [entries, entries],
        spaces,
        inseparable: Vec::new(),
        largest_sum_difference: 0.0,
        outputs: None,
        notes,
        bytes: None,
        minimality: None,
        unchanged: true,
    })
}

/// A note if neither the axes nor the file decide which axis of a parameter is the output.
pub(crate) fn guesses(checkpoint: &Checkpoint, axes: &AxesFile, spec: &AxesSpec) -> Vec<String> {
    let on_a_space =
        spec.params().iter().filter(|p| p.axes().iter().any(|a| a.axis.space().is_some()));
    let orientations = checkpoint.orientations();
    let mut guessed = on_a_space
        .filter(|param| !axes.orientation.contains_key(param.path()))
        .filter_map(|param| checkpoint.parameter(param.path()))
        .filter(|parameter| orientations.is_guessed(parameter));
    let Some(first) = guessed.next() else { return Vec::new() };
    let more = and_more(guessed.count());
    vec![format!(
        "the file does not say which axis of `{}`{more} is the output; assumed weight[output][input], as in PyTorch",
        first.path()
    )]
}
