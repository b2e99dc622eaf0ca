//! Reads less than all parameters at once: some entries of some parameters in one transaction with the device, portions
//! of rows, or only the entries that others repeat.

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

/// Bytes of a portion of rows: few enough to stay in a processor's cache while they are compared.
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

/// Shows the parameters of a spec in portions of rows, in the order in which Burn visits the module, until `look`
/// returns false. None if parameters are not in the host's memory.
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
        /// Whether `look` took all rows of a parameter.
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

/// Whether entries repeat each other. The device compares them; of a parameter whose entries do, it sends only the
/// repeated ones. None if parameters are in the host's memory.
pub(super) fn repeats<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    bound: &Binding,
    axes: &AxesSpec,
    repeated: &Repeated,
) -> Result<Option<Vec<Repeats>>, Error> {
    if module.devices().iter().any(in_host_memory::<B>) {
        return Ok(None);
    }
    asked::<B, M>(module, bound, axes, repeated).map(Some)
}

/// [`repeats`] on any device.
fn asked<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    bound: &Binding,
    axes: &AxesSpec,
    repeated: &Repeated,
) -> Result<Vec<Repeats>, Error> {
    struct Asker<'a, B: AutodiffBackend> {
        bound: &'a Binding,
        repeated: &'a Repeated,
        number: usize,
        asked: Vec<usize>,
        transaction: Option<Transaction<B::InnerBackend>>,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Asker<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let (number, bound) = (self.number, self.bound);
            self.number += 1;
            for place in (0..bound.numbers.len()).filter(|place| bound.numbers[*place] == number) {
                self.asked.push(place);
                let (firsts, same) = compared(param.val().inner(), &self.repeated[place]);
                let transaction = self.transaction.take().unwrap_or_default();
                self.transaction = Some(transaction.register(firsts).register(same));
            }
        }
    }
    let (asked, transaction) = (Vec::new(), None);
    let mut asker = Asker::<B> { bound, repeated, number: 0, asked, transaction };
    module.visit(&mut asker);
    let sent = asker.transaction.map(Transaction::execute).unwrap_or_default();
    let mut all: Vec<Option<Repeats>> = vec![None; axes.params().len()];
    let mut whole: Vec<(ParamId, Vec<Range<usize>>)> = Vec::new();
    for (place, found) in asker.asked.iter().zip(sent.chunks_exact(2)) {
        let param = &axes.params()[*place];
        let repeats = repeated[*place].iter().any(Option::is_some);
        if repeats && !found[1].iter::<bool>().all(|same| same) {
            return Ok(vec![Repeats::Not; all.len()]);
        }
        if !repeats || compares_by_bits(&found[0]) {
            all[*place] = Some(Repeats::Exactly(OwnedParam::from(&view(param.path(), &found[0])?)));
        } else if let Some(id) = axes.param_id(param.path()) {
            whole.push((id, param.shape().iter().map(|size| 0..*size).collect()));
        }
    }
    let wanted: Vec<(ParamId, &[Range<usize>])> =
        whole.iter().map(|(id, ranges)| (*id, ranges.as_slice())).collect();
    let entries = read::<B, M>(module, bound, axes, &wanted)?;
    for ((id, _), entries) in wanted.iter().zip(entries) {
        all[id.get()] = Some(Repeats::Entries(entries));
    }
    let missing = || Error::Axes { reason: "the module lacks parameters of its axes".to_owned() };
    all.into_iter().map(|repeats| repeats.ok_or_else(missing)).collect()
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
            // Comparisons broadcast an axis of one index.
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

/// Whether numbers that a device calls equal have equal bits, if `entries` are some of them: there are two zeros, and a
/// device may treat subnormal numbers as zeros.
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
        /// What is still wanted, by number.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConstInit, ConstInitConfig};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use constinit_symmetry::{OwnedElements, TwinsCheck, twins};

    type B = Autodiff<NdArray>;

    /// Two inputs, five hidden units of which the first and the third, and the second, the fourth and the fifth are
    /// equal, and an output.
    fn network(changed: impl Fn(&mut [f32], &mut [f32], &mut [f32])) -> ConstInit<B> {
        let device = Default::default();
        let mut net = ConstInitConfig::new(vec![2, 5, 1]).init::<B>(&device);
        let mut incoming = [1.0, 2.0, 1.0, 2.0, 2.0, 3.0, 4.0, 3.0, 4.0, 4.0];
        let (mut bias, mut outgoing) = ([5.0, 6.0, 5.0, 6.0, 6.0], [7.0, 8.0, 7.0, 8.0, 8.0]);
        changed(&mut incoming, &mut bias, &mut outgoing);
        let of = |entries: &[f32], shape: [usize; 2]| {
            // Another test of this process sets another default type.
            let data = TensorData::new(entries.to_vec(), shape);
            Tensor::<B, 2>::from_data(data, (&device, DType::F32))
        };
        let [first, last] = &mut net.layers[..] else { unreachable!() };
        first.weight = Param::from_tensor(of(&incoming, [2, 5]));
        first.bias = Some(Param::from_tensor(of(&bias, [5, 1]).reshape([5])));
        last.weight = Param::from_tensor(of(&outgoing, [5, 1]));
        last.bias = Some(Param::from_tensor(of(&[9.0], [1, 1]).reshape([1])));
        net
    }

    fn of(net: &ConstInit<B>, known: &ConstInit<B>) -> (AxesSpec, Vec<Repeats>) {
        let axes = known.axes().unwrap();
        let bound = super::super::bind(known, &axes, true).unwrap();
        let read = crate::params::read_parameters(known);
        let views = super::super::views(&axes, &bound, &read).unwrap();
        let symmetry = twins(&axes, &views).unwrap();
        let firsts = symmetry.spaces()[0].partition().representatives().count();
        assert_eq!(firsts, 2);
        // This does not ask which entries a check needs: the indices are those of the classes.
        let labels = [0_usize, 1, 0, 1, 1];
        let repeated = axes.params().iter().map(|param| {
            let along = |size: &usize| (*size == 5).then(|| labels.to_vec());
            param.shape().iter().map(along).collect()
        });
        let repeated: Repeated = repeated.collect();
        if let Some(check) = TwinsCheck::new(&symmetry) {
            let ids = axes.params().iter().map(|param| axes.param_id(param.path()).unwrap());
            assert_eq!(ids.map(|id| check.repeated(id)).collect::<Repeated>(), repeated);
        }
        let found = asked::<B, _>(net, &bound, &axes, &repeated).unwrap();
        (axes, found)
    }

    fn numbers(repeats: &Repeats) -> (&str, Vec<f32>, Vec<usize>) {
        let (what, param) = match repeats {
            Repeats::Exactly(param) => ("exactly", param),
            Repeats::Entries(param) => ("entries", param),
            Repeats::Not => return ("not", Vec::new(), Vec::new()),
        };
        let OwnedElements::F32(entries) = param.elements() else { panic!("{param:?}") };
        (what, entries.clone(), param.shape().to_vec())
    }

    #[test]
    fn a_device_sends_the_entries_of_one_unit_a_class() {
        let net = network(|_, _, _| ());
        let (axes, found) = of(&net, &net);
        let at = |path: &str| &found[axes.param_id(path).unwrap().get()];
        let weight = numbers(at("layers.0.weight"));
        assert_eq!(weight, ("exactly", vec![1.0, 2.0, 3.0, 4.0], vec![2, 2]));
        assert_eq!(numbers(at("layers.0.bias")), ("exactly", vec![5.0, 6.0], vec![2]));
        assert_eq!(numbers(at("layers.1.weight")), ("exactly", vec![7.0, 8.0], vec![2, 1]));
        assert_eq!(numbers(at("layers.1.bias")), ("exactly", vec![9.0], vec![1]));
    }

    #[test]
    fn a_unit_that_left_its_class_is_seen() {
        let known = network(|_, _, _| ());
        for changed in [f32::NAN, 6.000_000_5, -6.0, f32::INFINITY] {
            let net = network(|_, bias, _| bias[4] = changed);
            assert!(of(&net, &known).1.iter().all(|repeats| *repeats == Repeats::Not), "{changed}");
        }
    }

    /// Zeros with different signs are equal on a device, and numbers near zero may be.
    #[test]
    fn what_a_device_may_take_for_zero_is_read() {
        let known = network(|_, _, _| ());
        for tiny in [0.0, -0.0, f32::MIN_POSITIVE / 2.0] {
            let net = network(|_, _, outgoing| (outgoing[0], outgoing[2]) = (tiny, 0.0));
            let (axes, found) = of(&net, &known);
            let at = |path: &str| numbers(&found[axes.param_id(path).unwrap().get()]);
            if tiny == 0.0 {
                let all = vec![tiny, 8.0, 0.0, 8.0, 8.0];
                assert_eq!(at("layers.1.weight"), ("entries", all, vec![5, 1]));
                assert_eq!(at("layers.0.bias").0, "exactly");
            } else {
                // This device compares such numbers.
                assert_eq!(at("layers.1.weight").0, "not");
            }
        }
    }
}
