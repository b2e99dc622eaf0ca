//! A copy of a module on the capture device, whose parameters have shapes and no entries.

use super::trace::Handle;
use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, DType, Device, Int, Shape, Tensor};
use constinit_core::module::Walk;
use std::collections::HashMap;

/// What is known about a float parameter before it is copied.
struct Known {
    shape: Shape,
    dtype: DType,
    with_gradients: bool,
    require_grad: bool,
}

/// What a copy needs to know about the module.
#[derive(Default)]
pub(super) struct Original {
    walk: Walk,
    floats: HashMap<ParamId, Known>,
    flags: HashMap<ParamId, bool>,
}

impl Original {
    /// Inspects a module, and draws the values of parameters that were not drawn yet.
    pub(super) fn of<M: Module>(module: &M) -> Self {
        let mut original = Self::default();
        module.visit(&mut original);
        original
    }

    /// Whether gradients are computed for any parameter: the module is in training mode.
    pub(super) fn is_training(&self) -> bool {
        self.floats.values().any(|known| known.with_gradients)
    }
}

impl ModuleVisitor for Original {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.base();
        // Burn computes with a packed base in the device's float type.
        let packed = matches!(value.dtype(), DType::QFloat(_));
        let dtype =
            if packed { crate::tensors::float_type(&value.device()) } else { value.dtype() };
        // A batch norm moves its statistics to the device of its input, which Burn does for plain tensors only.
        let with_gradients = value.is_autodiff() && !self.walk.at_running_statistics();
        let require_grad = with_gradients && value.is_require_grad();
        let known = Known { shape: value.shape(), dtype, with_gradients, require_grad };
        self.floats.insert(param.id, known);
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.flags.insert(flag.id, flag.is_enabled());
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.walk.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.walk.exit();
    }
}

/// The parameters of a copy, in visiting order.
#[derive(Default)]
pub(super) struct Parameters {
    /// Path, number and tensor of each float parameter.
    pub(super) floats: Vec<(String, ParamId, Handle)>,
    /// Integer and boolean parameters.
    pub(super) constants: Vec<Handle>,
}

/// Copies a module to a capture device. The copy does not share what clones share, such as the running statistics of
/// batch norms.
///
/// The entries of float parameters are not copied: a model whose answer depends on them in other ways than by the
/// recorded operations must fail.
pub(super) fn copied<M: Module>(
    module: &M,
    original: &Original,
    device: &Device,
) -> (M, Parameters) {
    // Of all ways to make a copy, only `valid` does not share statistics.
    let moved = module.valid().map(&mut Emptied).to_device(device);
    let parameters = Parameters::default();
    let mut recorder = Recorder { original, device, walk: Walk::default(), parameters };
    let copy = moved.map(&mut recorder);
    (copy, recorder.parameters)
}

/// Leaves one entry of each float parameter, so nothing else is moved.
struct Emptied;

impl ModuleMapper for Emptied {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|old| Tensor::zeros([1; D], &old.device()))
    }
}

/// Gives each parameter its shape and state again, and records its tensor.
struct Recorder<'a> {
    original: &'a Original,
    device: &'a Device,
    walk: Walk,
    parameters: Parameters,
}

impl ModuleMapper for Recorder<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(known) = self.original.floats.get(&param.id) else { return param };
        let device = self.device.clone();
        let device = if known.with_gradients { device.autodiff() } else { device };
        let value = Tensor::zeros(known.shape.clone(), (&device, known.dtype));
        let value = if known.require_grad { value.require_grad() } else { value };
        self.parameters.floats.push((self.walk.path(), param.id, Handle::of(value.clone())));
        param.map(|_| value)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.parameters.constants.push(Handle::of(param.val()));
        param
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        self.parameters.constants.push(Handle::of(param.val()));
        param
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        match self.original.flags.get(&flag.id) {
            Some(&enabled) => flag.with_value(enabled),
            None => flag,
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.walk.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.walk.exit();
    }
}
