//! A module's parameters on the host, as the core's operations see them, and back.

use super::layers::layers_of;
use crate::Error;
use crate::params::{read_parameters, replace, surveyed};
use crate::tensors::to_data;
use crate::views::{bind, views};
use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use constinit_core::surgery::{HostModule, KnownAxes, NewParameter, NewParameters};
use std::collections::HashMap;

/// The float parameters of a module.
pub(super) fn read<M: Module>(module: &M) -> Vec<TensorData> {
    // A batch norm holds back the update of its statistics from the last pass until the next pass, or until validation.
    read_parameters(&module.valid())
}

/// A module that a spec covers, and the parameters that were read from it.
pub(super) fn host<'a, M: Module>(
    module: &M,
    known: KnownAxes<'a>,
    parameters: &'a [TensorData],
) -> Result<HostModule<'a>, Error> {
    let bound = bind(module, known.spec, true)?;
    let views = views(known.spec, &bound, parameters)?;
    Ok(HostModule::new(known, surveyed(module), bound, views, layers_of(module)))
}

/// A copy of the module with new parameters, which shares nothing with it.
pub(super) fn write<M: Module>(module: &M, new: NewParameters) -> M {
    struct Rename(HashMap<ParamId, ParamId>);
    impl ModuleMapper for Rename {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let Some(id) = self.0.get(&param.id).copied() else { return param };
            let (_, value, mapper) = param.consume();
            Param::from_mapped_value(id, value, mapper)
        }
    }
    let data = |(id, new): (u64, NewParameter)| (id.into(), to_data(new.entries, &new.shape));
    let module = replace(unshared(module), new.values.into_iter().map(data).collect());
    let renamed = new.renamed.into_iter().map(|id| (id.into(), ParamId::new()));
    module.map(&mut Rename(renamed.collect()))
}

/// A copy that shares nothing with the module, not even the running statistics of batch norms.
pub(super) fn unshared<M: Module>(module: &M) -> M {
    /// Only validation separates the statistics. It also removes parameters from automatic differentiation and turns
    /// off what layers do only in training, and the way back would turn on what a frozen layer has turned off.
    #[derive(Default)]
    struct State {
        places: Vec<(Device, bool)>,
        flags: Vec<Flag>,
        numbers: [usize; 2],
    }
    impl ModuleVisitor for State {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.base();
            self.places.push((value.device(), value.is_require_grad()));
        }
        fn visit_flag(&mut self, flag: &Param<Flag>) {
            self.flags.push(flag.val());
        }
    }
    impl ModuleMapper for State {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (device, needed) = &self.places[self.numbers[0]];
            self.numbers[0] += 1;
            param.map(|value| onto(value, device, *needed))
        }
        fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
            let value = self.flags[self.numbers[1]];
            self.numbers[1] += 1;
            flag.map(|_| value)
        }
    }
    let mut state = State::default();
    module.visit(&mut state);
    module.valid().map(&mut state)
}

/// A new value for a parameter of this device, with or without automatic differentiation as the device has it.
pub(super) fn onto<const D: usize>(
    value: Tensor<D>,
    device: &Device,
    needs_gradient: bool,
) -> Tensor<D> {
    let value = value.without_autodiff();
    match device.gradient_checkpointing_strategy() {
        None => value,
        Some(strategy) => {
            let value = value.autodiff().with_gradient_checkpointing_strategy(strategy);
            value.set_require_grad(needs_gradient)
        }
    }
}
