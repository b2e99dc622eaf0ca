//! A module's parameters on the host, as the engine sees them, and back.

use crate::Error;
use crate::params::{HostParameter, materialise, read_parameters, replace};
use crate::probe::{bind, views};
use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use constinit_core::module::Binding;
use constinit_core::surgery::refused;
use constinit_symmetry::{AxesSpec, OwnedElements, OwnedParam, ParamView};
use std::collections::HashMap;

/// The float parameters of a module, and which of them is which parameter of a spec.
pub(super) struct HostModule {
    pub(super) bound: Binding,
    pub(super) parameters: Vec<HostParameter>,
}

impl HostModule {
    /// Reads a module that a spec covers.
    pub(super) fn read<B: Backend, M: Module<B>>(
        module: &M,
        spec: &AxesSpec,
    ) -> Result<Self, Error> {
        materialise(module);
        // A batch norm keeps what its last pass added to its statistics until the next one, or until it is saved.
        drop(module.clone().into_record());
        let bound = bind(module, spec, true)?;
        Ok(Self { bound, parameters: read_parameters(module) })
    }

    /// The parameters of the spec, borrowed.
    pub(super) fn views<'a>(&'a self, spec: &'a AxesSpec) -> Result<Vec<ParamView<'a>>, Error> {
        views(spec, &self.bound, &self.parameters)
    }

    /// The module with other parameters, in the order of the spec.
    pub(super) fn write<B: Backend, M: Module<B>>(
        &self,
        module: M,
        parameters: Vec<OwnedParam>,
    ) -> Result<M, Error> {
        let mut values: HashMap<ParamId, TensorData> = HashMap::new();
        for (param, number) in parameters.into_iter().zip(&self.bound.numbers) {
            let path = param.path().to_owned();
            let old = values.insert(self.parameters[*number].id, tensor_data(param));
            if old.is_some_and(|old| old != values[&self.parameters[*number].id]) {
                let reason = "it is tied to a parameter that would get other values";
                return Err(refused(path, reason.to_owned()));
            }
        }
        Ok(replace(module, values))
    }

    /// The same with new ids for parameters whose shapes change: what an optimizer has kept of the old ones, by id, does
    /// not belong to the new ones, and could silently be broadcast.
    pub(super) fn write_anew<B: Backend, M: Module<B>>(
        &self,
        module: M,
        parameters: Vec<OwnedParam>,
    ) -> Result<M, Error> {
        struct Rename(HashMap<ParamId, ParamId>);
        impl<B: Backend> ModuleMapper<B> for Rename {
            fn map_float<const D: usize>(
                &mut self,
                param: Param<Tensor<B, D>>,
            ) -> Param<Tensor<B, D>> {
                let Some(id) = self.0.get(&param.id).copied() else { return param };
                let (_, value, mapper) = param.consume();
                Param::from_mapped_value(id, value, mapper)
            }
        }
        let mut rename = Rename(HashMap::new());
        for (param, number) in parameters.iter().zip(&self.bound.numbers) {
            let old = &self.parameters[*number];
            if old.data.shape[..] != *param.shape() {
                rename.0.entry(old.id).or_default();
            }
        }
        Ok(self.write(module, parameters)?.map(&mut rename))
    }
}

/// Halves go through doubles, which hold them.
fn tensor_data(param: OwnedParam) -> TensorData {
    let shape = param.shape().to_vec();
    match param.elements() {
        OwnedElements::F32(entries) => TensorData::new(entries.clone(), shape),
        OwnedElements::F64(entries) => TensorData::new(entries.clone(), shape),
        _ => TensorData::new(param.view().to_f64(), shape),
    }
}

/// A copy that shares nothing with the module, the running statistics of batch norms included.
pub(super) fn unshared<B: AutodiffBackend, M: AutodiffModule<B>>(module: &M) -> M {
    /// Burn's way there and back forgets which parameters need no gradient.
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
