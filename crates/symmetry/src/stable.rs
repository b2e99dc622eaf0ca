//! The coarsest partitions that are stable under sums over classes: the engine of
//! [`equitable`](crate::equitable) and [`forward_lumpable`](crate::forward_lumpable).
//!
//! Partitions of all spaces are stable if, for every parameter W, every target axis over a space and every choice of a
//! class D for each other axis over a space,
//!
//! ```text
//! sum over j in D of W[i, j, k]   is one number for all i of a class, for every fixed index k
//! ```
//!
//! The search cuts classes by one such sum after another until no sum cuts. If a class of sources whose sums have been
//! used is cut, it suffices to use all its parts but the largest: sums are exact, so the sum over the largest part
//! follows from the others (Hopcroft's "all but the largest"; the cost is about m log n for m entries). The same holds
//! with several axes to sum over: each part is used with every class of the other axes, and for each of those the sum
//! over the largest part follows again. So every pair of axes of a parameter costs about m log n.
//!
//! Twins stay together in any such partition. So the search inspects only one unit of each twin class, and sums weight
//! it by the size of the class. On a block-constant network, almost nothing is left to add up.
//!
//! # References
//!
//! Hopcroft, "An n log n algorithm for minimizing states in a finite automaton", 1971; Paige and Tarjan, "Three
//! partition refinement algorithms", 1987; Grohe, Kersting, Mladenov, Selman, "Dimension Reduction via Colour
//! Refinement", 2014.

mod space;
mod sum;
mod uses;

use std::collections::BTreeSet;

use crate::axes::{AxesSpec, Role};
use crate::classes::Classes;
use crate::equality_policy::EqualityPolicy;
use crate::error::SymmetryError;
use crate::layout::{Arranged, UnitLayout};
use crate::parallel;
use crate::partition::Partition;
use crate::space::{ClassId, ParamId, SpaceId, UnitSpace};
use crate::symmetry::{SpaceSymmetry, Symmetry, SymmetryKind};
use crate::twins::{classes_of, refine_by_entries};
use space::Space;
use uses::{Pending, Use};

pub(crate) use space::Start;

/// The coarsest stable partitions of all spaces. `start` gives the classes that the search starts from, for a space and
/// its twins.
pub(crate) fn search(
    spec: &AxesSpec,
    network: &Arranged<'_, '_>,
    kind: SymmetryKind,
    start: impl Fn(SpaceId, &UnitSpace, &Partition) -> Result<Start, SymmetryError>,
) -> Result<Symmetry, SymmetryError> {
    let policy = EqualityPolicy::value();
    let twins = parallel::map(0..spec.spaces().len(), 1, |number| {
        classes_of(spec, network, SpaceId::at(number), &policy, None).0.partition()
    });
    let starts = spec
        .spaces()
        .iter()
        .zip(&twins)
        .enumerate()
        .map(|(number, (space, twins))| start(SpaceId::at(number), space, twins))
        .collect::<Result<_, SymmetryError>>()?;
    let direction = match kind {
        SymmetryKind::ForwardLumpable => Direction::Forward,
        SymmetryKind::Twins | SymmetryKind::Equitable => Direction::Both,
    };
    let found = coarsest(network, starts, direction);
    let spaces =
        found.into_iter().zip(&twins).enumerate().map(|(number, ((classes, partition), twins))| {
            let not_twins = not_twins(&partition, twins);
            SpaceSymmetry::new(spec, SpaceId::at(number), partition, classes, Vec::new(), None)
                .with_not_twins(not_twins)
        });
    Ok(Symmetry::new(kind, policy, spec.clone(), spaces.collect()))
}

/// The classes that contain several twin classes.
fn not_twins(partition: &Partition, twins: &Partition) -> Vec<ClassId> {
    (0..partition.len())
        .map(ClassId::at)
        .filter(|&class| {
            let members = partition.members(class);
            members.iter().any(|&unit| !twins.alike(unit, members[0]))
        })
        .collect()
}

/// Which axes of a parameter are targets of sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// Every axis is a target in turn.
    Both,
    /// Output axes only.
    Forward,
}

/// The coarsest stable partitions that refine the starts.
fn coarsest(
    network: &Arranged<'_, '_>,
    starts: Vec<Start>,
    direction: Direction,
) -> Vec<(Classes, Partition)> {
    let Arranged { views, axes } = network;
    let mut spaces: Vec<Space> = starts.into_iter().map(Space::new).collect();
    let mut uses = Vec::new();
    for (number, axes) in axes.iter().enumerate() {
        for (target, axis) in axes.iter().enumerate() {
            let wanted = direction == Direction::Both || axis.role == Role::Output;
            if let Some(id) = axis.space.filter(|_| wanted) {
                let sources: Vec<usize> =
                    (0..axes.len()).filter(|&n| n != target && axes[n].space.is_some()).collect();
                if sources.is_empty() {
                    // Biases and gains: entries must agree one by one.
                    let layout = UnitLayout::new(axes, target);
                    refine_by_entries(
                        &mut spaces[id.get()].classes,
                        ParamId::at(number),
                        views[number],
                        &layout,
                    );
                } else {
                    let pending = vec![BTreeSet::new(); sources.len()];
                    uses.push(Use { param: number, target, space: id, sources, pending });
                }
            }
        }
    }
    let mut partitions: Vec<Partition> =
        spaces.iter().map(|space| space.classes.partition()).collect();
    for one in &mut uses {
        one.pending[0] = one.all_sources(axes, &spaces, &partitions);
    }
    while let Some((number, pending)) = next_pending(&mut uses) {
        let one = &uses[number];
        let space = one.space.get();
        if spaces[space].classes.is_done() {
            continue;
        }
        // Sums use `partitions` for the sources, so `refine` can take the classes of the target mutably.
        let mut classes = std::mem::replace(&mut spaces[space].classes, Classes::discrete(0));
        let before = classes.splits.len();
        one.refine(
            &mut classes,
            views[one.param],
            &axes[one.param],
            &spaces,
            &partitions,
            &pending,
        );
        let changed = classes.splits.len() != before;
        spaces[space].classes = classes;
        if changed {
            let new = spaces[space].classes.partition();
            let id = one.space;
            for one in &mut uses {
                one.note(axes, id, &spaces[space], &partitions[space], &new);
            }
            partitions[space] = new;
        }
    }
    spaces
        .into_iter()
        .map(|space| {
            let partition = space.whole();
            (space.classes, partition)
        })
        .collect()
}

/// Takes the pending source classes of one axis, from the first use that has any. Returns the number of the use with
/// them.
fn next_pending(uses: &mut [Use]) -> Option<(usize, Pending)> {
    uses.iter_mut().enumerate().find_map(|(number, one)| {
        let source = one.pending.iter().position(|classes| !classes.is_empty())?;
        Some((number, Pending { source, classes: std::mem::take(&mut one.pending[source]) }))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::{AxesSpec, ParamView, equitable, unknown_role};

    thread_local! {
        /// The number of entries that sums read for this thread.
        pub(in crate::stable) static READ: Cell<usize> = const { Cell::new(0) };
    }

    /// The number of entries that `equitable` reads for a parameter of ones with these spaces of n units as axes, and
    /// the number of its entries.
    ///
    /// A second parameter makes the units of the first space a path, so classes are cut one after another. Others make
    /// the units of the other spaces a circle: they stay one class without being twins.
    fn entries_read(n: usize, axes: &[&str]) -> (usize, usize) {
        let near = |apart: usize| u8::from(apart == 1);
        let path = (0..n * n).map(|e| f32::from(near((e / n).abs_diff(e % n))));
        let circle = (0..n * n).map(|e| f32::from(near((e / n + n - e % n) % n)));
        let [path, circle]: [Vec<f32>; 2] = [path.collect(), circle.collect()];
        let shape = vec![n; axes.len()];
        let ones = vec![1.0_f32; n.pow(axes.len() as u32)];
        let mut params = vec![ParamView::new("all", &shape, &ones).unwrap()];
        let mut spec = AxesSpec::builder();
        let mut of = axes.to_vec();
        of.sort_unstable();
        of.dedup();
        for (number, space) in of.iter().enumerate() {
            let edges = if number == 0 { &path } else { &circle };
            params.push(ParamView::new(space, &[n, n], edges).unwrap());
            spec =
                spec.space(*space, n).param(*space, [unknown_role(*space), unknown_role(*space)]);
        }
        let spec = spec.param("all", axes.iter().map(|space| unknown_role(*space)));
        let spec = spec.build(params.iter().map(ParamView::signature)).unwrap();
        READ.set(0);
        let found = equitable(&spec, &params).unwrap();
        // A path is symmetric: it looks the same from both of its ends.
        assert_eq!(found.effective_width(of[0]), Some(n.div_ceil(2)));
        assert!(of[1..].iter().all(|space| found.effective_width(space) == Some(1)));
        (READ.get(), ones.len())
    }

    #[test]
    fn what_was_summed_is_not_summed_again() {
        for axes in
            [&["a", "b", "c"][..], &["a", "b", "b"], &["a", "b", "c", "d"], &["a", "a", "b"]]
        {
            for n in [6, 12, 24] {
                let (read, entries) = entries_read(n, axes);
                assert!(read <= 8 * entries, "{axes:?}, {n} units: {read} of {entries} entries");
            }
        }
    }
}
