//! What an optimizer keeps of a parameter, and how a checkpoint stores it.
//!
//! Burn's own records have one type for each rank of the parameter and each backend, although all of them store the
//! same: tensors without either. With 8 optimizers, 9 ranks and 3 backends, the readers and writers of all these
//! types are 6 MB of a program of 71 MB. Here they are erased first: the stored form depends only on the precision of
//! its numbers. The bytes are the same.

use burn::optim::momentum::MomentumState;
use burn::optim::{
    AdaGradState, AdamState, AdamWState, AdanState, AdaptiveMomentumState,
    AdaptiveNesterovMomentumState, CenteredState, LrDecayState, MuonState, RmsPropMomentumState,
    RmsPropState, SgdState, SquareAvgState,
};
use burn::record::{PrecisionSettings, Record};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::LionState;

/// The state that an [`AnyOptimizer`](super::AnyOptimizer) keeps of one parameter.
#[derive(Clone)]
pub enum AnyState<B: Backend, const D: usize> {
    /// State of [`AnyOptimizer::Sgd`](super::AnyOptimizer::Sgd).
    Sgd(SgdState<B, D>),
    /// State of [`AnyOptimizer::Adam`](super::AnyOptimizer::Adam).
    Adam(AdamState<B, D>),
    /// State of [`AnyOptimizer::AdamW`](super::AnyOptimizer::AdamW), and of Muon's rule for parameters that are not
    /// matrices.
    AdamW(AdamWState<B, D>),
    /// State of [`AnyOptimizer::RmsProp`](super::AnyOptimizer::RmsProp).
    RmsProp(RmsPropState<B, D>),
    /// State of [`AnyOptimizer::AdaGrad`](super::AnyOptimizer::AdaGrad).
    AdaGrad(AdaGradState<B, D>),
    /// State of [`AnyOptimizer::Adan`](super::AnyOptimizer::Adan).
    Adan(AdanState<B, D>),
    /// State of [`AnyOptimizer::Lion`](super::AnyOptimizer::Lion).
    Lion(LionState<B, D>),
    /// State of [`AnyOptimizer::Muon`](super::AnyOptimizer::Muon).
    Muon(MuonState<B, D>),
}

/// A tensor as a record stores it: one type for all backends and ranks.
type Stored<B, S> = <Tensor<B, 1> as Record<B>>::Item<S>;

/// A record whose stored form can lose backend and rank, and get them back.
trait Erase<B: Backend>: Record<B> {
    /// The stored form, with the same fields; `T` is a stored tensor.
    type Erased<T>;

    fn erase<S: PrecisionSettings>(item: Self::Item<S>) -> Self::Erased<Stored<B, S>>;

    fn restore<S: PrecisionSettings>(erased: Self::Erased<Stored<B, S>>) -> Self::Item<S>;
}

impl<B: Backend, const D: usize> Erase<B> for Tensor<B, D> {
    type Erased<T> = T;

    fn erase<S: PrecisionSettings>(item: Self::Item<S>) -> Stored<B, S> {
        item
    }

    fn restore<S: PrecisionSettings>(erased: Stored<B, S>) -> Self::Item<S> {
        erased
    }
}

impl<B: Backend> Erase<B> for usize {
    type Erased<T> = usize;

    fn erase<S: PrecisionSettings>(item: usize) -> usize {
        item
    }

    fn restore<S: PrecisionSettings>(erased: usize) -> usize {
        erased
    }
}

impl<B: Backend, R: Erase<B>> Erase<B> for Option<R> {
    type Erased<T> = Option<R::Erased<T>>;

    fn erase<S: PrecisionSettings>(item: Self::Item<S>) -> Self::Erased<Stored<B, S>> {
        item.map(R::erase)
    }

    fn restore<S: PrecisionSettings>(erased: Self::Erased<Stored<B, S>>) -> Self::Item<S> {
        erased.map(R::restore)
    }
}

/// The erased form of each state: the names of its fields are those of the file.
macro_rules! erased {
    ($($state:ident as $erased:ident { $($field:ident: $of:ty as $stored:ty,)+ })+) => {$(
        #[derive(Clone, Serialize, Deserialize)]
        pub struct $erased<T> {
            $($field: $stored,)+
        }

        impl<B: Backend, const D: usize> Erase<B> for $state<B, D> {
            type Erased<T> = $erased<T>;

            fn erase<S: PrecisionSettings>(item: Self::Item<S>) -> $erased<Stored<B, S>> {
                $erased { $($field: <$of as Erase<B>>::erase::<S>(item.$field),)+ }
            }

            fn restore<S: PrecisionSettings>(erased: $erased<Stored<B, S>>) -> Self::Item<S> {
                type Item<B, const D: usize, S> = <$state<B, D> as Record<B>>::Item<S>;
                Item::<B, D, S> { $($field: <$of as Erase<B>>::restore::<S>(erased.$field),)+ }
            }
        }
    )+};
}

erased! {
    MomentumState as ErasedMomentum {
        velocity: Tensor<B, D> as T,
    }
    SgdState as ErasedSgd {
        momentum: Option<MomentumState<B, D>> as Option<ErasedMomentum<T>>,
    }
    MuonState as ErasedMuon {
        momentum: MomentumState<B, D> as ErasedMomentum<T>,
    }
    AdaptiveMomentumState as ErasedAdaptive {
        time: usize as usize,
        moment_1: Tensor<B, D> as T,
        moment_2: Tensor<B, D> as T,
        max_moment_2: Option<Tensor<B, D>> as Option<T>,
    }
    AdamState as ErasedAdam {
        momentum: AdaptiveMomentumState<B, D> as ErasedAdaptive<T>,
    }
    AdamWState as ErasedAdamW {
        momentum: AdaptiveMomentumState<B, D> as ErasedAdaptive<T>,
    }
    SquareAvgState as ErasedSquareAvg {
        square_avg: Tensor<B, D> as T,
    }
    CenteredState as ErasedCentered {
        grad_avg: Option<Tensor<B, D>> as Option<T>,
        avg: Tensor<B, D> as T,
    }
    RmsPropMomentumState as ErasedBuffer {
        buf: Tensor<B, D> as T,
    }
    RmsPropState as ErasedRmsProp {
        square_avg: SquareAvgState<B, D> as ErasedSquareAvg<T>,
        centered: CenteredState<B, D> as ErasedCentered<T>,
        momentum: Option<RmsPropMomentumState<B, D>> as Option<ErasedBuffer<T>>,
    }
    LrDecayState as ErasedLrDecay {
        time: usize as usize,
        sum: Tensor<B, D> as T,
    }
    AdaGradState as ErasedAdaGrad {
        lr_decay: LrDecayState<B, D> as ErasedLrDecay<T>,
    }
    AdaptiveNesterovMomentumState as ErasedNesterov {
        time: usize as usize,
        exp_avg: Tensor<B, D> as T,
        exp_avg_sq: Tensor<B, D> as T,
        exp_avg_diff: Tensor<B, D> as T,
        neg_pre_grad: Tensor<B, D> as T,
    }
    AdanState as ErasedAdan {
        momentum: AdaptiveNesterovMomentumState<B, D> as ErasedNesterov<T>,
    }
    LionState as ErasedLion {
        momentum: Tensor<B, D> as T,
    }
}

/// An [`AnyState`] as a checkpoint stores it.
#[derive(Clone, Serialize, Deserialize)]
pub enum AnyStateItem<T> {
    Sgd(ErasedSgd<T>),
    Adam(ErasedAdam<T>),
    AdamW(ErasedAdamW<T>),
    RmsProp(ErasedRmsProp<T>),
    AdaGrad(ErasedAdaGrad<T>),
    Adan(ErasedAdan<T>),
    Lion(ErasedLion<T>),
    Muon(ErasedMuon<T>),
}

impl<B: Backend, const D: usize> Record<B> for AnyState<B, D> {
    type Item<S: PrecisionSettings> = AnyStateItem<Stored<B, S>>;

    fn into_item<S: PrecisionSettings>(self) -> Self::Item<S> {
        fn item<B, R, S>(state: R) -> R::Erased<Stored<B, S>>
        where
            B: Backend,
            R: Erase<B>,
            S: PrecisionSettings,
        {
            R::erase::<S>(state.into_item())
        }
        match self {
            Self::Sgd(state) => AnyStateItem::Sgd(item::<B, _, S>(state)),
            Self::Adam(state) => AnyStateItem::Adam(item::<B, _, S>(state)),
            Self::AdamW(state) => AnyStateItem::AdamW(item::<B, _, S>(state)),
            Self::RmsProp(state) => AnyStateItem::RmsProp(item::<B, _, S>(state)),
            Self::AdaGrad(state) => AnyStateItem::AdaGrad(item::<B, _, S>(state)),
            Self::Adan(state) => AnyStateItem::Adan(item::<B, _, S>(state)),
            Self::Lion(state) => AnyStateItem::Lion(item::<B, _, S>(state)),
            Self::Muon(state) => AnyStateItem::Muon(item::<B, _, S>(state)),
        }
    }

    fn from_item<S: PrecisionSettings>(item: Self::Item<S>, device: &B::Device) -> Self {
        fn state<B, R, S>(erased: R::Erased<Stored<B, S>>, device: &B::Device) -> R
        where
            B: Backend,
            R: Erase<B>,
            S: PrecisionSettings,
        {
            R::from_item(R::restore::<S>(erased), device)
        }
        match item {
            AnyStateItem::Sgd(item) => Self::Sgd(state::<B, _, S>(item, device)),
            AnyStateItem::Adam(item) => Self::Adam(state::<B, _, S>(item, device)),
            AnyStateItem::AdamW(item) => Self::AdamW(state::<B, _, S>(item, device)),
            AnyStateItem::RmsProp(item) => Self::RmsProp(state::<B, _, S>(item, device)),
            AnyStateItem::AdaGrad(item) => Self::AdaGrad(state::<B, _, S>(item, device)),
            AnyStateItem::Adan(item) => Self::Adan(state::<B, _, S>(item, device)),
            AnyStateItem::Lion(item) => Self::Lion(state::<B, _, S>(item, device)),
            AnyStateItem::Muon(item) => Self::Muon(state::<B, _, S>(item, device)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AnyOptimizer, build};
    use super::*;
    use crate::tensors::from_values;
    use burn::optim::SimpleOptimizer;
    use burn::record::{DoublePrecisionSettings, NamedMpkBytesRecorder, Recorder};
    use burn_ndarray::NdArray;
    use constinit_core::{AdamSettings, OptimizerConfig, RmsPropSettings, SgdSettings};

    type B = NdArray<f64>;
    type Bytes = NamedMpkBytesRecorder<DoublePrecisionSettings>;

    /// The record that Burn derives, one type for each rank and backend.
    #[derive(Record, Clone)]
    enum Derived<B: Backend, const D: usize> {
        Sgd(SgdState<B, D>),
        Adam(AdamState<B, D>),
        AdamW(AdamWState<B, D>),
        RmsProp(RmsPropState<B, D>),
        AdaGrad(AdaGradState<B, D>),
        Adan(AdanState<B, D>),
        Lion(LionState<B, D>),
        Muon(MuonState<B, D>),
    }

    fn derived(state: AnyState<B, 2>) -> Derived<B, 2> {
        match state {
            AnyState::Sgd(state) => Derived::Sgd(state),
            AnyState::Adam(state) => Derived::Adam(state),
            AnyState::AdamW(state) => Derived::AdamW(state),
            AnyState::RmsProp(state) => Derived::RmsProp(state),
            AnyState::AdaGrad(state) => Derived::AdaGrad(state),
            AnyState::Adan(state) => Derived::Adan(state),
            AnyState::Lion(state) => Derived::Lion(state),
            AnyState::Muon(state) => Derived::Muon(state),
        }
    }

    fn bytes<R: Record<B>>(record: R) -> Vec<u8> {
        Recorder::<B>::record(&Bytes::default(), record, ()).unwrap()
    }

    fn back<R: Record<B>>(bytes: Vec<u8>) -> R {
        Recorder::<B>::load(&Bytes::default(), bytes, &Default::default()).unwrap()
    }

    #[test]
    fn the_bytes_are_those_of_burns_record() {
        let mut configs = OptimizerConfig::all();
        configs.extend([
            OptimizerConfig::Sgd(SgdSettings { momentum: 0.9, ..SgdSettings::default() }),
            OptimizerConfig::Adam(AdamSettings { amsgrad: true, ..AdamSettings::default() }),
            OptimizerConfig::RmsProp(RmsPropSettings {
                momentum: 0.9,
                centered: true,
                ..RmsPropSettings::default()
            }),
        ]);
        let device = Default::default();
        for config in configs {
            let rule: AnyOptimizer<B> = build(&config);
            let mut tensor =
                from_values::<B, 2>(vec![1.0, -2.0, 0.3, 0.0, 7.0, 0.1], [2, 3], &device);
            let mut state = None;
            for _ in 0..2 {
                let grad = tensor.clone().mul_scalar(0.7).add_scalar(0.1);
                (tensor, state) = rule.step(0.1, tensor, grad, state);
            }
            let state = state.expect("every optimizer keeps a state, if only an empty one");
            let ours = bytes(state.clone());
            assert_eq!(ours, bytes(derived(state)), "{config:?}");
            assert_eq!(ours, bytes(back::<AnyState<B, 2>>(ours.clone())), "{config:?}");
            assert_eq!(ours, bytes(back::<Derived<B, 2>>(ours.clone())), "{config:?}");
        }
    }
}
