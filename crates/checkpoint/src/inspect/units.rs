//! Finds which units of one parameter are equal, and reads no more of the file than that takes.
//!
//! Along one of its axes, a parameter is `outer` rows of `units` times `inner` entries:
//!
//! ```text
//! weight[out][in], units on out:    outer = 1,   inner = in      a unit's entries are one run
//! weight[in][out], units on out:    outer = in,  inner = 1       a unit's entries lie a row apart
//! ```
//!
//! An entry of a type that is read as two numbers counts as two of `inner`. Each tensor is compared in its own type:
//! the bias may have another. A unit with a NaN is equal to none, whatever its bits, as in the engine.
//!
//! Pieces of the parameter go to the engine one after the other. Each piece refines the classes that the earlier ones
//! left ([`twins_refining`]). Units that are alone in their class are not read any further, so of a parameter without
//! equal units only a few numbers of each unit are read. Classes do not influence each other, so they are searched in
//! batches whose pieces fit into a buffer.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use constinit_symmetry::{
    AxesSpec, EqualityPolicy, ParamView, Partition, SymmetryError, UnitIndex, twins_refining,
    unknown_role,
};

use super::runs::Runs;
use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::values::{ParameterValues, with_values};

/// How many bytes of every unit are read first: a cache line.
const GLIMPSE: usize = if cfg!(test) { 4 } else { 64 };
/// Runs shorter than this many bytes are read together with the bytes between them.
const SHORT_RUN: usize = if cfg!(test) { 16 } else { 512 };
/// How many units are read side by side at most; few in tests, so that small parameters have batches.
const BATCH: usize = if cfg!(test) { 3 } else { 512 };
/// The fewest bytes that are read of a unit that is equal to others so far: a read request costs as much as reading
/// these.
const PIECE: usize = if cfg!(test) { 8 } else { 4096 };
/// Larger classes are first split by hashes, so that their units need not be read side by side.
const GIANT: usize = if cfg!(test) { 5 } else { 8 * BATCH };

/// The units of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct UnitClasses {
    pub partition: Partition,
    /// Units whose entries are all zero, including the bias.
    pub zero: Vec<usize>,
    /// Units whose weights are all the same number, whatever the bias, and that are not in `zero`. A number other than
    /// 0 counts only for units with two weights or more.
    pub constant: Vec<usize>,
    /// The largest difference within a class; 0 if bits are compared.
    pub spread: f64,
}

/// Finds the classes of a weight's units along `axis`, joined with the bias, with a buffer of about `budget` bytes.
///
/// The weight must have entries, because a file of a few bytes can claim any number of units without entries. Its units
/// must not begin within a byte ([`Parameter::unread_units`]).
pub(crate) fn unit_classes(
    checkpoint: &Checkpoint,
    weight: &Parameter,
    axis: usize,
    bias: Option<&Parameter>,
    policy: &EqualityPolicy,
    budget: usize,
) -> Result<UnitClasses, CheckpointError> {
    let file = checkpoint.path();
    let units = weight.shape()[axis];
    // Units must have numbers that fit the engine's type.
    UnitIndex::new(units)
        .ok_or_else(|| CheckpointError::symmetry(file)(SymmetryError::TooManyUnits { units }))?;
    let mut search = Search {
        checkpoint,
        weight,
        runs: Runs::new(checkpoint, weight, axis)?,
        bias: bias.map(|bias| Bias::read(checkpoint, bias, policy)).transpose()?,
        policy: policy_of(weight, policy),
        budget,
        labels: vec![0; units],
        zero: vec![true; units],
        uniform: vec![Uniform::Unread; units],
        nan: vec![false; units],
        spread: 0.0,
        spare: None,
    };
    search.run()?;
    search.finish()
}

/// A bias, and how its entries are compared.
struct Bias {
    numbers: ParameterValues,
    /// Numbers per entry.
    parts: usize,
    policy: EqualityPolicy,
}

impl Bias {
    fn read(
        checkpoint: &Checkpoint,
        bias: &Parameter,
        policy: &EqualityPolicy,
    ) -> Result<Self, CheckpointError> {
        let numbers = checkpoint.read(bias)?;
        Ok(Self { numbers, parts: bias.dtype().parts(), policy: policy_of(bias, policy) })
    }

    /// The numbers of some units.
    fn of(&self, units: &[u32]) -> ParameterValues {
        let parts = self.parts;
        with_values!(&self.numbers, |data| units
            .iter()
            .flat_map(|&unit| &data[unit as usize * parts..][..parts])
            .copied()
            .collect::<Vec<_>>()
            .into())
    }

    /// Whether a unit's entry is zero.
    fn is_zero(&self, unit: usize) -> bool {
        let threshold = self.policy.tolerance().unwrap_or_default();
        let mut numbers = unit * self.parts..(unit + 1) * self.parts;
        numbers.all(|at| self.numbers.get(at).is_some_and(|x| x.abs() <= threshold))
    }
}

/// A tolerance applies to floats; entries of other types are compared by bits.
fn policy_of(parameter: &Parameter, policy: &EqualityPolicy) -> EqualityPolicy {
    if parameter.dtype().is_float() { *policy } else { EqualityPolicy::bits() }
}

struct Search<'c> {
    checkpoint: &'c Checkpoint,
    weight: &'c Parameter,
    runs: Runs<'c>,
    bias: Option<Bias>,
    policy: EqualityPolicy,
    budget: usize,
    /// For every unit, the smallest unit of its class.
    labels: Vec<u32>,
    /// Units whose weights were all zero so far.
    zero: Vec<bool>,
    /// Whether the weights of a unit were one number so far.
    uniform: Vec<Uniform>,
    /// Units that are alone because they hold a NaN.
    nan: Vec<bool>,
    spread: f64,
    spare: Option<ParameterValues>,
}

/// What the weights of a unit were so far.
#[derive(Clone, Copy, PartialEq)]
enum Uniform {
    Unread,
    /// All of them this number.
    One(f64),
    Several,
}

impl Uniform {
    /// After one more weight, which may differ from the first one by at most the threshold.
    fn and(self, weight: f64, threshold: f64) -> Self {
        match self {
            Self::Unread => Self::One(weight),
            Self::One(first) if weight == first || (weight - first).abs() <= threshold => self,
            Self::One(_) | Self::Several => Self::Several,
        }
    }
}

impl Search<'_> {
    fn run(&mut self) -> Result<(), CheckpointError> {
        let all: Vec<u32> = (0..self.runs.units as u32).collect();
        if let Some(bias) = self.bias.take() {
            self.refine(&all, &bias.numbers, [1, self.runs.units, bias.parts], &bias.policy)?;
            self.bias = Some(bias);
        }
        self.spread = 0.0;
        if self.runs.outer > 1 && self.runs.inner * self.size() < SHORT_RUN {
            return self.search_batch(&all, Self::read_rows);
        }
        let glimpse =
            (GLIMPSE / self.size()).min(self.budget / (self.runs.units * self.size())).max(1);
        let glimpse = glimpse.min(self.runs.inner);
        self.read_runs(&all, 0, 0, glimpse)?;
        if glimpse == self.runs.inner && self.runs.outer == 1 && !self.tolerates() {
            return Ok(());
        }
        // Classes that remain are read again, to the end of their units.
        self.spread = 0.0;
        for batch in self.batches(&all) {
            if batch.len() > GIANT && !self.tolerates() {
                self.giant(&batch)?;
            } else {
                self.search_batch(&batch, Self::read_all_runs)?;
            }
        }
        Ok(())
    }

    /// Searches a batch to the end of its units. Under a tolerance, a class that got smaller may have new gaps, so this
    /// is repeated until no class is split.
    fn search_batch(
        &mut self,
        batch: &[u32],
        read: fn(&mut Self, &[u32]) -> Result<(), CheckpointError>,
    ) -> Result<(), CheckpointError> {
        let spread_of_others = self.spread;
        loop {
            let before = self.class_count(batch);
            self.spread = spread_of_others;
            if self.tolerates()
                && let Some(bias) = self.bias.take()
            {
                let shape = [1, batch.len(), bias.parts];
                self.refine(batch, &bias.of(batch), shape, &bias.policy)?;
                self.bias = Some(bias);
            }
            read(self, batch)?;
            if !self.tolerates() || self.class_count(batch) == before {
                return Ok(());
            }
        }
    }

    /// Reads the whole parameter, some rows at a time.
    fn read_rows(&mut self, all: &[u32]) -> Result<(), CheckpointError> {
        let row = self.runs.units * self.runs.inner;
        let (mut first, mut rows) = (0, 1);
        while first < self.runs.outer && !self.live(all).is_empty() {
            rows =
                rows.min(self.runs.outer - first).min((self.budget / (row * self.size())).max(1));
            let mut block = self.buffer(rows * row)?;
            self.runs.entries.read(first * row, &mut block, 0..rows * row)?;
            self.take(all, &block, [rows, self.runs.units, self.runs.inner])?;
            self.spare = Some(block);
            first += rows;
            rows *= 8;
        }
        Ok(())
    }

    /// Reads the runs of a batch, until none of its units is `live`.
    fn read_all_runs(&mut self, batch: &[u32]) -> Result<(), CheckpointError> {
        let mut live = self.live(batch);
        for outer in 0..self.runs.outer {
            let mut first = 0;
            while first < self.runs.inner && !live.is_empty() {
                // Units that are equal at first are mostly equal to the end.
                let piece = PIECE.min(32 * self.budget / live.len());
                let most = ((self.budget / live.len()).max(piece) / self.size()).max(1);
                let width = most.min(self.runs.inner - first);
                self.read_runs(&live, outer, first, width)?;
                first += width;
                live = self.live(&live);
            }
        }
        Ok(())
    }

    /// Reads entries `first..first + width` of the runs of some units, and refines the classes with them.
    fn read_runs(
        &mut self,
        units: &[u32],
        outer: usize,
        first: usize,
        width: usize,
    ) -> Result<(), CheckpointError> {
        let mut block = self.buffer(units.len() * width)?;
        self.runs.fill(units, [outer, first, width], &mut block)?;
        self.take(units, &block, [1, units.len(), width])?;
        self.spare = Some(block);
        Ok(())
    }

    /// New memory costs as much as reading into it, so one buffer is reused.
    fn buffer(&mut self, len: usize) -> Result<ParameterValues, CheckpointError> {
        match self.spare.take() {
            Some(mut spare) if spare.capacity() >= len => {
                spare.resize(len);
                Ok(spare)
            }
            _ => self.checkpoint.buffer(self.weight, len),
        }
    }

    /// Splits a class that is too large to be read side by side: first by a hash of all bytes of a unit, under a random
    /// key that no file can foresee. Units with the same hash are then compared with the first of them, a batch at a
    /// time.
    fn giant(&mut self, class: &[u32]) -> Result<(), CheckpointError> {
        let key = RandomState::new();
        let mut groups: HashMap<(u32, u64), Vec<u32>> = HashMap::new();
        let whole = self.runs.inner.min((self.budget / self.size()).max(1));
        for units in class.chunks((self.budget / (whole * self.size())).max(1)) {
            let mut hashers: Vec<_> = units.iter().map(|_| key.build_hasher()).collect();
            for outer in 0..self.runs.outer {
                for first in (0..self.runs.inner).step_by(whole) {
                    let width = whole.min(self.runs.inner - first);
                    let mut block = self.buffer(units.len() * width)?;
                    self.runs.fill(units, [outer, first, width], &mut block)?;
                    let rows = block.bytes().chunks_exact(width * self.size());
                    hashers.iter_mut().zip(rows).for_each(|(hasher, row)| hasher.write(row));
                    self.spare = Some(block);
                }
            }
            for (&unit, hasher) in units.iter().zip(&hashers) {
                let label = self.labels[unit as usize];
                // Tests must cover equal hashes of different units.
                let hash = if cfg!(test) { hasher.finish() & 1 } else { hasher.finish() };
                groups.entry((label, hash)).or_default().push(unit);
            }
        }
        for group in groups.values() {
            group.iter().for_each(|&unit| self.labels[unit as usize] = group[0]);
        }
        for group in groups.into_values() {
            for others in group[1..].chunks(BATCH) {
                let batch: Vec<u32> = group[..1].iter().chain(others).copied().collect();
                self.search_batch(&batch, Self::read_all_runs)?;
            }
            if group.len() == 1 {
                self.search_batch(&group, Self::read_all_runs)?;
            }
            let collides = |unit: &&u32| {
                self.labels[**unit as usize] != group[0] && !self.nan[**unit as usize]
            };
            // Two batches of one group are not compared with each other.
            if group.iter().any(|unit| collides(&unit)) {
                group.iter().for_each(|&unit| self.labels[unit as usize] = group[0]);
                self.search_batch(&group, Self::read_all_runs)?;
            }
        }
        Ok(())
    }

    /// Refines the classes by a block of `[rows, units, width]` entries, and notes which units are not all zero or not
    /// one number.
    #[allow(clippy::useless_conversion, reason = "one of the four types is f64 already")]
    fn take(
        &mut self,
        units: &[u32],
        block: &ParameterValues,
        shape: [usize; 3],
    ) -> Result<(), CheckpointError> {
        let [rows, count, width] = shape;
        let threshold = self.policy.tolerance().unwrap_or_default();
        with_values!(block, |data| {
            for (place, &unit) in units.iter().enumerate() {
                if self.zero[unit as usize] {
                    self.zero[unit as usize] = (0..rows).all(|row| {
                        let run = &data[(row * count + place) * width..][..width];
                        run.iter().all(|&x| f64::from(x).abs() <= threshold)
                    });
                }
                let uniform = &mut self.uniform[unit as usize];
                let mut weights = (0..rows)
                    .flat_map(|row| &data[(row * count + place) * width..][..width])
                    .map(|&x| f64::from(x));
                while *uniform != Uniform::Several
                    && let Some(weight) = weights.next()
                {
                    *uniform = uniform.and(weight, threshold);
                }
            }
        });
        let policy = self.policy;
        self.refine(units, block, shape, &policy)
    }

    /// Whether the weight's or the bias's numbers may differ within a class: a smaller class may then have new gaps.
    fn tolerates(&self) -> bool {
        let of_bias = self.bias.as_ref().and_then(|bias| bias.policy.tolerance());
        self.policy.tolerance().or(of_bias).is_some()
    }

    fn refine(
        &mut self,
        units: &[u32],
        block: &ParameterValues,
        shape: [usize; 3],
        policy: &EqualityPolicy,
    ) -> Result<(), CheckpointError> {
        let refined = refined(&self.labels, units, block, shape, policy);
        let found = refined.map_err(CheckpointError::symmetry(self.checkpoint.path()))?;
        let space = &found.spaces()[0];
        for class in space.partition().classes() {
            let first = units[class[0].get()];
            class.iter().for_each(|unit| self.labels[units[unit.get()] as usize] = first);
        }
        for nan in space.nans() {
            self.nan[units[nan.unit.get()] as usize] = true;
        }
        self.spread = self.spread.max(space.largest_spread());
        Ok(())
    }

    /// The units that must be read further: they are not alone in their class, or are all zero or one number so far.
    fn live(&self, units: &[u32]) -> Vec<u32> {
        // A class is within the batch, and its first unit comes first.
        let mut company = HashMap::new();
        let alone = |unit: u32| self.labels[unit as usize] == unit;
        for &unit in units.iter().filter(|unit| !alone(**unit)) {
            company.insert(self.labels[unit as usize], ());
        }
        let live = |unit: &u32| {
            let may_be =
                self.zero[*unit as usize] || self.uniform[*unit as usize] != Uniform::Several;
            !alone(*unit) || company.contains_key(unit) || may_be
        };
        units.iter().copied().filter(live).collect()
    }

    /// Batches of whole classes of live units. A batch has at most as many units as are read side by side, unless one
    /// class has more.
    fn batches(&self, units: &[u32]) -> Vec<Vec<u32>> {
        // Whole runs are read at once where a buffer holds a few of them.
        let most = (self.budget / (self.runs.inner * self.size()).max(1)).clamp(BATCH / 16, BATCH);
        let mut live = self.live(units);
        live.sort_by_key(|&unit| (self.labels[unit as usize], unit));
        let mut batches: Vec<Vec<u32>> = Vec::new();
        for class in live.chunk_by(|&u, &v| self.labels[u as usize] == self.labels[v as usize]) {
            match batches.last_mut().filter(|batch| batch.len() + class.len() <= most) {
                Some(batch) => batch.extend(class),
                None => batches.push(class.to_vec()),
            }
        }
        batches.iter_mut().for_each(|batch| batch.sort_unstable());
        batches
    }

    fn class_count(&self, units: &[u32]) -> usize {
        units.iter().filter(|&&unit| self.labels[unit as usize] == unit).count()
    }

    fn size(&self) -> usize {
        self.weight.dtype().number_size()
    }

    fn finish(self) -> Result<UnitClasses, CheckpointError> {
        let partition = Partition::from_labels(&self.labels)
            .map_err(CheckpointError::symmetry(self.checkpoint.path()))?;
        let silent = |unit: &usize| self.bias.as_ref().is_none_or(|bias| bias.is_zero(*unit));
        let several = self.runs.outer * self.runs.inner > 1;
        let one_number = |unit: usize| several && matches!(self.uniform[unit], Uniform::One(_));
        let (zero, constant) = (0..self.runs.units)
            .filter(|&unit| self.zero[unit] || one_number(unit))
            .partition(|unit| self.zero[*unit] && silent(unit));
        Ok(UnitClasses { partition, zero, constant, spread: self.spread })
    }
}

/// Refines the classes so far of `units` by a block of `[rows, units, width]` entries.
fn refined(
    labels: &[u32],
    units: &[u32],
    block: &ParameterValues,
    shape: [usize; 3],
    policy: &EqualityPolicy,
) -> Result<constinit_symmetry::Symmetry, SymmetryError> {
    let spec = AxesSpec::builder()
        .space("units", units.len())
        .param("block", [unknown_role(""), unknown_role("units"), unknown_role("")])
        .build([("block", &shape[..])])?;
    let view = ParamView::new("block", &shape, block.elements())?;
    let of: Vec<u32> = units.iter().map(|&unit| labels[unit as usize]).collect();
    let start = match of.windows(2).all(|pair| pair[0] == pair[1]) {
        true => vec![],
        false => vec![("units", Partition::from_labels(&of)?)],
    };
    twins_refining(&spec, &[view], policy, &start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::PathBuf;

    /// Every unit's entries, its bias last.
    fn rows(shape: [usize; 3], weight: &[f32], bias: Option<&[f32]>) -> Vec<Vec<f32>> {
        let [outer, units, inner] = shape;
        let entry = |o: usize, u: usize, i: usize| weight[(o * units + u) * inner + i];
        let rows = (0..units).map(|u| {
            let own = (0..outer).flat_map(|o| (0..inner).map(move |i| entry(o, u, i)));
            own.chain(bias.map(|bias| bias[u])).collect()
        });
        rows.collect()
    }

    /// Units of one class have equal bits and no NaN.
    fn by_hand(rows: &[Vec<f32>]) -> Partition {
        let label = |u: usize| {
            let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let nan = rows[u].iter().any(|x| x.is_nan());
            (0..u).find(|&v| !nan && bits(&rows[v]) == bits(&rows[u])).unwrap_or(u)
        };
        Partition::from_labels(&(0..rows.len()).map(label).collect::<Vec<_>>()).unwrap()
    }

    /// The coarsest partition whose classes have no gap above the tolerance at any entry: split until nothing is split.
    fn by_hand_within(rows: &[Vec<f32>], tolerance: f64) -> Partition {
        let mut labels: Vec<usize> = vec![0; rows.len()];
        let mut next = 1;
        loop {
            let mut cut = false;
            for entry in 0..rows.first().map_or(0, Vec::len) {
                let labels_now = next;
                for label in 0..labels_now {
                    let mut class: Vec<usize> =
                        (0..rows.len()).filter(|&u| labels[u] == label).collect();
                    class.sort_by(|&u, &v| rows[u][entry].total_cmp(&rows[v][entry]));
                    let value = |u: usize| f64::from(rows[u][entry]);
                    let gap = |pair: &[usize]| value(pair[1]) - value(pair[0]) > tolerance;
                    if let Some(at) = class.windows(2).position(gap) {
                        class[at + 1..].iter().for_each(|&u| labels[u] = next);
                        next += 1;
                        cut = true;
                    }
                }
            }
            if !cut {
                return Partition::from_labels(&labels).unwrap();
            }
        }
    }

    fn saved(
        folder: &tempfile::TempDir,
        shape: &[usize],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> PathBuf {
        use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
        let view = |shape: &[usize], data| {
            let bytes = bytemuck::cast_slice(data);
            TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap()
        };
        let mut tensors = vec![("w.weight", view(shape, weight))];
        tensors.extend(bias.map(|bias| ("w.bias", view(&[bias.len()], bias))));
        let path = folder.path().join("w.safetensors");
        serialize_to_file(tensors, None, &path).unwrap();
        path
    }

    /// Few different numbers, so that units agree for a while or to the end.
    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![4 => Just(0.0_f32), 4 => Just(1.0), 1 => Just(-0.0), 1 => Just(1.5), 1 => Just(f32::NAN)]
    }

    fn case() -> impl Strategy<Value = ([usize; 3], Vec<f32>, Option<Vec<f32>>, usize)> {
        (1..4_usize, 1..14_usize, 1..7_usize).prop_flat_map(|(outer, units, inner)| {
            let distinct = prop::collection::vec(number(), outer * inner * 3);
            let which = prop::collection::vec(0..4_usize, units);
            let own = prop::collection::vec(number(), outer * units * inner);
            let bias = prop::option::of(prop::collection::vec(number(), units));
            (distinct, which, own, bias, 1..400_usize).prop_map(
                move |(distinct, which, own, bias, budget)| {
                    // Most units are copies of one of three; the others have their own numbers.
                    let weight = (0..outer * units * inner).map(|at| {
                        let (o, u, i) = (at / inner / units, at / inner % units, at % inner);
                        match which[u] {
                            3 => own[at],
                            copy => distinct[(copy * outer + o) * inner + i],
                        }
                    });
                    ([outer, units, inner], weight.collect(), bias, budget)
                },
            )
        })
    }

    proptest! {
        #[test]
        fn the_classes_are_those_of_the_whole_rows((shape, weight, bias, budget) in case()) {
            let folder = tempfile::tempdir().unwrap();
            let path = saved(&folder, &shape, &weight, bias.as_deref());
            let checkpoint = Checkpoint::open(&path).unwrap();
            let [weight_of, bias_of] = ["w.weight", "w.bias"].map(|path| checkpoint.parameter(path));
            let search = |policy: &EqualityPolicy| {
                unit_classes(&checkpoint, weight_of.unwrap(), 1, bias_of, policy, budget).unwrap()
            };
            let rows = rows(shape, &weight, bias.as_deref());
            let found = search(&EqualityPolicy::bits());
            prop_assert_eq!(&found.partition, &by_hand(&rows));
            prop_assert_eq!(found.spread, 0.0);
            let own = shape[0] * shape[2];
            let silent = |u: &usize| rows[*u][..own].iter().all(|&x| x == 0.0);
            let quiet = |u: &usize| rows[*u][own..].iter().all(|&x| x == 0.0);
            let one_number = |u: &usize| own > 1 && rows[*u][..own].iter().all(|&x| x == rows[*u][0]);
            let (zero, constant): (Vec<usize>, Vec<usize>) = (0..rows.len())
                .filter(|u| silent(u) || one_number(u))
                .partition(|u| silent(u) && quiet(u));
            prop_assert_eq!((found.zero, found.constant), (zero, constant));

            if rows.iter().flatten().all(|x| !x.is_nan()) {
                for tolerance in [0.0, 0.5, 1.0] {
                    let found = search(&EqualityPolicy::within(tolerance).unwrap());
                    let expected = by_hand_within(&rows, tolerance);
                    prop_assert_eq!(&found.partition, &expected);
                    let spread = expected.classes().flat_map(|class| {
                        let pairs = class.iter().flat_map(|u| class.iter().map(move |v| (u, v)));
                        let rows = &rows;
                        pairs.flat_map(move |(u, v)| {
                            let both = rows[u.get()].iter().zip(&rows[v.get()]);
                            both.map(|(a, b)| f64::from(a - b))
                        })
                    });
                    prop_assert_eq!(found.spread, spread.fold(0.0, f64::max));
                }
            }
        }
    }

    #[test]
    fn hashes_that_collide_do_not_decide() {
        // A class far above the limit of one batch, with a second one that differs in its last entry only.
        let folder = tempfile::tempdir().unwrap();
        let units = 40;
        let weight: Vec<f32> = (0..units * 8)
            .map(|at| if at % 8 == 7 && at / 8 % 3 == 1 { 2.0 } else { 1.0 })
            .collect();
        let path = saved(&folder, &[units, 8], &weight, None);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let weight_of = checkpoint.parameter("w.weight").unwrap();
        let found =
            unit_classes(&checkpoint, weight_of, 0, None, &EqualityPolicy::bits(), 64).unwrap();
        assert_eq!(found.partition, by_hand(&rows([1, units, 8], &weight, None)));
        assert_eq!(found.partition.len(), 2);
    }
}
