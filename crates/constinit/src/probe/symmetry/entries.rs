//! Reading less than all parameters at once: some entries of some, in one transaction with the device, rows of each in
//! turn, or those entries that the others repeat.

use super::views::view;
use crate::Error;
use crate::tensors::in_host_memory;
use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData, Transaction};
use constinit_core::module::Binding;
use constinit_core::probe::{LookAtRows, Repeated, Repeats};
use constinit_symmetry::{AxesSpec, OwnedParam, ParamId};
use std::ops::Range;

/// Bytes of a portion of rows: they stay in a processor's cache while they are looked at.
const PORTION: usize = 1 << 18;

/// Some entries of some parameters of a spec, in the given order.
pub(super) fn read<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    bound: &Binding,
    axes: &AxesSpec,
    wanted: &[(ParamId, &[Range<usize>])],
) -> Result<Vec<OwnedParam>, Error> {
    let number = |id: &ParamId| bound.numbers[id.get()];
    let mut by_number: Vec<(usize, &[Range<usize>])> =
        wanted.iter().map(|(id, ranges)| (number(id), *ranges)).collect();
    by_number.sort_by_key(|(number, _)| *number);
    let read = read_numbers::<B, M>(module, &by_number);
    let of = |(id, _): &(ParamId, &[Range<usize>])| {
        let path = axes.params()[id.get()].path();
        let position = by_number.iter().position(|(known, _)| *known == number(id));
        let data = position
            .and_then(|position| read.get(position))
            .ok_or_else(|| Error::Axes { reason: format!("the module has no parameter {path}") })?;
        Ok(OwnedParam::from(&view(path, data)?))
    };
    wanted.iter().map(of).collect()
}

/// Shows the parameters of a spec in portions of rows, in the order in which Burn visits the module, until `look` wants no
/// more. None where parameters do not lie in the host's memory.
pub(super) fn rows<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    bound: &Binding,
    axes: &AxesSpec,
    look: &mut LookAtRows<'_>,
) -> Result<Option<bool>, Error> {
    struct Reader<'a, 'l> {
        bound: &'a Binding,
        axes: &'a AxesSpec,
        look: &'a mut LookAtRows<'l>,
        number: usize,
        seen: Result<Option<bool>, Error>,
    }
    impl Reader<'_, '_> {
        /// Whether all rows of a parameter were wanted.
        fn show<B: Backend, const D: usize>(
            &mut self,
            place: usize,
            value: Tensor<B, D>,
        ) -> Result<bool, Error> {
            let path = self.axes.params()[place].path();
            let dims = value.dims();
            if dims.contains(&0) {
                let none = TensorData::zeros::<f32, _>(dims);
                return (self.look)(place, &view(path, &none)?);
            }
            let row = dims[1..].iter().product::<usize>() * value.dtype().size();
            let rows = (PORTION / row).max(1);
            for start in (0..dims[0]).step_by(rows) {
                let mut ranges = dims.map(|size| 0..size);
                ranges[0] = start..dims[0].min(start + rows);
                let data = value.clone().slice(ranges).into_data();
                if !(self.look)(place, &view(path, &data)?)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Reader<'_, '_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let number = self.number;
            self.number += 1;
            let value = param.val().inner();
            if number == 0 && !in_host_memory::<B::InnerBackend>(&value.device()) {
                self.seen = Ok(None);
            }
            let bound = self.bound;
            for place in (0..bound.numbers.len()).filter(|place| bound.numbers[*place] == number) {
                if !matches!(self.seen, Ok(Some(true))) {
                    return;
                }
                self.seen = self.show(place, value.clone()).map(Some);
            }
        }
    }
    let mut reader = Reader { bound, axes, look, number: 0, seen: Ok(Some(true)) };
    module.visit(&mut reader);
    reader.seen
}

/// Whether entries repeat each other, found by the device: of parameters that do, it sends the entries that are repeated.
/// None where parameters lie in the host's memory.
pub(super) fn repeats<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    bound: &Binding,
    axes: &AxesSpec,
    repeated: &Repeated,
) -> Result<Option<Vec<Repeats>>, Error> {
    struct Asker<'a, B: AutodiffBackend> {
        bound: &'a Binding,
        repeated: &'a Repeated,
        number: usize,
        asked: Vec<usize>,
        transaction: Option<Transaction<B::InnerBackend>>,
        on_host: bool,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Asker<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let number = self.number;
            self.number += 1;
            let value = param.val().inner();
            self.on_host |= in_host_memory::<B::InnerBackend>(&value.device());
            if self.on_host {
                return;
            }
            let bound = self.bound;
            for place in (0..bound.numbers.len()).filter(|place| bound.numbers[*place] == number) {
                self.asked.push(place);
                let (firsts, same) = compared(value.clone(), &self.repeated[place]);
                let transaction = self.transaction.take().unwrap_or_default();
                self.transaction = Some(transaction.register(firsts).register(same));
            }
        }
    }
    let (asked, transaction) = (Vec::new(), None);
    let mut asker = Asker::<B> { bound, repeated, number: 0, asked, transaction, on_host: false };
    module.visit(&mut asker);
    if asker.on_host {
        return Ok(None);
    }
    let read = asker.transaction.map(Transaction::execute).unwrap_or_default();
    let mut all: Vec<Option<Repeats>> = vec![None; axes.params().len()];
    let mut whole = Vec::new();
    for (place, found) in asker.asked.iter().zip(read.chunks_exact(2)) {
        let param = &axes.params()[*place];
        if repeated[*place].iter().all(Option::is_none) {
            all[*place] = Some(Repeats::Exactly(OwnedParam::from(&view(param.path(), &found[0])?)));
        } else if !found[1].iter::<bool>().all(|same| same) {
            return Ok(Some(vec![Repeats::Not; all.len()]));
        } else if compares_by_bits(&found[0]) {
            all[*place] = Some(Repeats::Exactly(OwnedParam::from(&view(param.path(), &found[0])?)));
        } else {
            whole.push(*place);
        }
    }
    let every: Vec<Vec<Range<usize>>> = whole
        .iter()
        .map(|place| axes.params()[*place].shape().iter().map(|size| 0..*size).collect())
        .collect();
    let id = |place: &usize| axes.param_id(axes.params()[*place].path());
    let wanted: Vec<(ParamId, &[Range<usize>])> =
        whole.iter().filter_map(id).zip(every.iter().map(Vec::as_slice)).collect();
    for (place, entries) in whole.iter().zip(read::<B, M>(module, bound, axes, &wanted)?) {
        all[*place] = Some(Repeats::Entries(entries));
    }
    Ok(all.into_iter().collect())
}

/// The entries that are repeated, and whether every entry equals the one that it repeats.
fn compared<B: Backend, const D: usize>(
    value: Tensor<B, D>,
    along: &[Option<Vec<usize>>],
) -> (Tensor<B, D>, Tensor<B, 1, Bool>) {
    let device = value.device();
    let indices = |indices: Vec<i64>| {
        let count = indices.len();
        Tensor::<B, 1, Int>::from_data(TensorData::new(indices, [count]), &device)
    };
    let axes = along.iter().enumerate().filter_map(|(axis, along)| Some((axis, along.as_ref()?)));
    let mut firsts = value.clone();
    let mut again = Vec::new();
    for (axis, repeats) in axes {
        let ones: Vec<usize> = (0..repeats.len()).filter(|i| repeats[*i] == *i).collect();
        if let [one] = ones[..] {
            // Comparisons repeat an axis of one index by themselves.
            firsts = firsts.narrow(axis, one, 1);
            continue;
        }
        firsts = firsts.select(axis, indices(ones.iter().map(|one| *one as i64).collect()));
        let place = |one: &usize| ones.binary_search(one).map_or(0, |place| place as i64);
        again.push((axis, repeats.iter().map(place).collect()));
    }
    let spread = again
        .into_iter()
        .fold(firsts.clone(), |spread, (axis, places)| spread.select(axis, indices(places)));
    (firsts, value.equal(spread).all())
}

/// Whether equal numbers of a device have equal bits, if some of them are these: zeros have two forms, and a device may
/// take smaller numbers than normal ones for zeros.
fn compares_by_bits(entries: &TensorData) -> bool {
    let smallest = match entries.dtype {
        DType::F64 => f64::MIN_POSITIVE,
        DType::F32 | DType::Flex32 | DType::BF16 => f64::from(f32::MIN_POSITIVE),
        DType::F16 => f64::from(burn::tensor::f16::MIN_POSITIVE),
        _ => return false,
    };
    entries.iter::<f64>().all(|entry| entry.abs() >= smallest)
}

/// Some entries of some parameters, by their numbers in the order in which Burn visits the module.
fn read_numbers<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    wanted: &[(usize, &[Range<usize>])],
) -> Vec<TensorData> {
    struct Reader<'a, B: AutodiffBackend> {
        /// What is wanted still, by number.
        wanted: &'a [(usize, &'a [Range<usize>])],
        number: usize,
        transaction: Option<Transaction<B::InnerBackend>>,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Reader<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let number = self.number;
            self.number += 1;
            let Some(((wanted, ranges), rest)) = self.wanted.split_first() else { return };
            if *wanted != number {
                return;
            }
            self.wanted = rest;
            let ranges: [Range<usize>; D] =
                std::array::from_fn(|axis| ranges.get(axis).cloned().unwrap_or(0..0));
            let transaction = self.transaction.take().unwrap_or_default();
            self.transaction = Some(transaction.register(param.val().inner().slice(ranges)));
        }
    }
    let mut reader = Reader::<B> { wanted, number: 0, transaction: None };
    module.visit(&mut reader);
    reader.transaction.map(Transaction::execute).unwrap_or_default()
}
