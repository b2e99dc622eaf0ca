//! A module's parameters on the host, as the core's operations see them, and back.

use crate::Error;
use crate::params::{HostParameter, materialise, read_parameters, replace, surveyed};
use crate::probe::{bind, views};
use crate::surgery::layers::layers_of;
use crate::tensors::to_data;
use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use constinit_core::surgery::{HostModule, KnownAxes, NewParameter, NewParameters};
use std::collections::HashMap;

/// The float parameters of a module.
pub(super) fn read<B: Backend, M: Module<B>>(module: &M) -> Vec<HostParameter> {
    materialise(module);
    // A batch norm holds back the update of its statistics from the last pass until the next pass, or until it is
    // saved.
    drop(module.clone().into_record());
    read_parameters(module)
}

/// A module that a spec covers, and the parameters that were read from it.
pub(super) fn host<'a, B: Backend, M: Module<B>>(
    module: &M,
    known: KnownAxes<'a>,
    parameters: &'a [HostParameter],
) -> Result<HostModule<'a>, Error> {
    let bound = bind(module, known.spec, true)?;
    let views = views(known.spec, &bound, parameters)?;
    Ok(HostModule::new(known, surveyed(module), bound, views, layers_of(module)))
}

/// The module with new parameters.
pub(super) fn write<B: Backend, M: Module<B>>(module: M, new: NewParameters) -> M {
    struct Rename(HashMap<ParamId, ParamId>);
    impl<B: Backend> ModuleMapper<B> for Rename {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let Some(id) = self.0.get(&param.id).copied() else { return param };
            let (_, value, mapper) = param.consume();
            Param::from_mapped_value(id, value, mapper)
        }
    }
    let data = |(id, new): (u64, NewParameter)| (id.into(), to_data(new.entries, &new.shape));
    let module = replace(module, new.values.into_iter().map(data).collect());
    let renamed = new.renamed.into_iter().map(|id| (id.into(), ParamId::new()));
    module.map(&mut Rename(renamed.collect()))
}

/// A copy that shares nothing with the module, not even the running statistics of batch norms.
pub(super) fn unshared<B: AutodiffBackend, M: AutodiffModule<B>>(module: &M) -> M {
    /// Burn forgets which parameters need no gradient when it collects and rebuilds a module.
    #[derive(Default)]
    struct Needs {
        gradient: Vec<bool>,
        number: usize,
    }
    impl<B: Backend> ModuleVisitor<B> for Needs {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.gradient.push(param.val().is_require_grad());
        }
    }
    impl<B: Backend> ModuleMapper<B> for Needs {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let needed = self.gradient[self.number];
            self.number += 1;
            param.map(|value| value.set_require_grad(needed))
        }
    }
    let mut needs = Needs::default();
    module.visit(&mut needs);
    M::from_inner(module.valid()).map(&mut needs)
}
