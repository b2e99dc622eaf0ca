//! Some entries of some parameters, read in one transaction with the device.

use crate::Error;
use crate::views::view;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData, Transaction};
use constinit_core::module::Binding;
use constinit_symmetry::{AxesSpec, OwnedParam, ParamId};
use std::ops::Range;

/// Some entries of some parameters of a spec, in the given order.
pub(super) fn read<M: Module>(
    module: &M,
    bound: &Binding,
    axes: &AxesSpec,
    wanted: &[(ParamId, &[Range<usize>])],
) -> Result<Vec<OwnedParam>, Error> {
    let number = |id: &ParamId| bound.numbers[id.get()];
    let mut by_number: Vec<(usize, &[Range<usize>])> =
        wanted.iter().map(|(id, ranges)| (number(id), *ranges)).collect();
    by_number.sort_by_key(|(number, _)| *number);
    let read = read_numbers(module, &by_number);
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

/// Some entries of some parameters, by their numbers in the order in which Burn visits the module.
fn read_numbers<M: Module>(module: &M, wanted: &[(usize, &[Range<usize>])]) -> Vec<TensorData> {
    struct Reader<'a> {
        /// What is still wanted, by number.
        wanted: &'a [(usize, &'a [Range<usize>])],
        number: usize,
        transaction: Transaction,
    }
    impl ModuleVisitor for Reader<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let number = self.number;
            self.number += 1;
            let Some(((wanted, ranges), rest)) = self.wanted.split_first() else { return };
            if *wanted != number {
                return;
            }
            self.wanted = rest;
            let ranges: [Range<usize>; D] =
                std::array::from_fn(|axis| ranges.get(axis).cloned().unwrap_or(0..0));
            let entries = param.base().without_autodiff().slice(ranges);
            self.transaction = std::mem::take(&mut self.transaction).register(entries);
        }
    }
    let mut reader = Reader { wanted, number: 0, transaction: Transaction::default() };
    module.visit(&mut reader);
    reader.transaction.execute()
}
