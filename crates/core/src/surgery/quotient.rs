//! The quotient of a module: what a framework needs to train it in place of the module.
//!
//! ```text
//! W' = n_D w          the collapsed weight that the quotient's module runs with, and the block mean w
//! dL/dW' = n_C g      what automatic differentiation gives, and the gradient g of each entry of the block
//! n_C n_D             entries of the block
//! ```

use super::{HostModule, NewParameters, SpaceSizes, check_training, merged, refused, sizes};
use crate::Error;
use crate::module::tied_paths;
use constinit_symmetry::{
    AxesSpec, OwnedParam, ParamView, Quotient, QuotientParam, Role, Symmetry, TrainingFacts,
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The quotient of a module by classes that training keeps.
#[derive(Clone, Debug)]
pub struct HostQuotient {
    /// The quotient's axes: the same spaces, with as many units as they had classes.
    pub spec: AxesSpec,
    /// The units of each space, and its classes.
    pub spaces: Vec<SpaceSizes>,
    /// Entries of all parameters, of the full module and of the quotient.
    pub parameters: [usize; 2],
    /// The collapsed parameters W' = n_D w, with the numbers that those of the full module have.
    pub collapsed: NewParameters,
    /// How many entries of the full module each entry of a float parameter represents, in visiting order; None if each
    /// represents one.
    pub counts: Vec<Option<EntryCounts>>,
    /// The way back to the full module.
    pub lifting: HostLifting,
}

/// How many entries of the full parameter an entry of its quotient represents.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryCounts {
    /// n_C, the units of the entry's class on output axes.
    pub outputs: ClassSizes,
    /// n_D, the units of the entry's class on input axes.
    pub inputs: ClassSizes,
}

/// The sizes of the classes that the entries of a parameter belong to.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassSizes {
    /// One size for all entries.
    Same(f64),
    /// One size for each entry, in storage order.
    Each(Vec<f64>),
}

impl ClassSizes {
    fn new(param: &QuotientParam, role: Role) -> Self {
        let entries = 0..param.means().len();
        let sizes: Vec<f64> = entries.map(|entry| param.multiplicity(role, entry) as f64).collect();
        match sizes.first() {
            None => Self::Same(1.0),
            Some(first) if sizes.iter().all(|size| size == first) => Self::Same(*first),
            Some(_) => Self::Each(sizes),
        }
    }

    /// Whether every class has one unit.
    pub fn is_one(&self) -> bool {
        *self == Self::Same(1.0)
    }
}

impl EntryCounts {
    /// None if every entry represents one.
    fn new(param: &QuotientParam) -> Option<Self> {
        let [outputs, inputs] =
            [Role::Output, Role::Input].map(|role| ClassSizes::new(param, role));
        (!outputs.is_one() || !inputs.is_one()).then_some(Self { outputs, inputs })
    }
}

impl HostModule<'_> {
    /// The quotient of the module by classes that training keeps. `facts` are what is known about the training. `cure`
    /// tells users how to trace with gradients in this framework.
    ///
    /// # Errors
    ///
    /// - Those of [`HostModule::collapse`];
    /// - [`Error::Surgery`] for a trace without gradients, for a class that training would not keep, for a block that
    ///   training would not update as it updates its mean, and for tied parameters over classes, of which Burn's
    ///   optimizers update only the first.
    pub fn quotient(
        &self,
        symmetry: &Symmetry,
        facts: &TrainingFacts,
        cure: &str,
    ) -> Result<HostQuotient, Error> {
        let known = self.known;
        if known.traced.is_some_and(|traced| !traced.with_gradients) {
            let reason =
                format!("it was made without gradients, so it does not show dropout; {cure}");
            return Err(refused("the trace", reason));
        }
        known.check_classes(symmetry)?;
        let facts =
            known.traced.map_or(facts.clone(), |traced| traced.stochastic.added_to(facts.clone()));
        let found = constinit_symmetry::quotient(symmetry, &self.views)?;
        check_training(symmetry, &facts, &found)?;
        known.check_free(&self.layers, &merged(symmetry))?;

        let mut counts = vec![None; self.parameters.len()];
        for (param, number) in found.params().iter().zip(&self.bound.numbers) {
            counts[*number] = EntryCounts::new(param);
        }
        self.check_ties(&counts)?;
        let collapsed = found.collapsed()?;
        let before = self.views.iter().map(ParamView::entries).sum();
        let after = collapsed.iter().map(|param| param.view().entries()).sum();
        Ok(HostQuotient {
            spec: found.spec().clone(),
            spaces: sizes(known.spec, found.spec()),
            parameters: [before, after],
            collapsed: self.changed(collapsed)?,
            counts,
            lifting: HostLifting::new(found, self.bound.numbers.clone()),
        })
    }

    /// Refuses tied parameters: Burn's optimizers update only the first of them.
    fn check_ties(&self, counts: &[Option<EntryCounts>]) -> Result<(), Error> {
        let tied: HashSet<String> = tied_paths(&self.parameters).into_iter().flatten().collect();
        let over_classes = self.bound.numbers.iter().filter(|number| counts[**number].is_some());
        let mut paths = over_classes.map(|number| &self.parameters[*number].path);
        match paths.find(|path| tied.contains(*path)) {
            None => Ok(()),
            Some(path) => Err(refused(
                path.as_str(),
                "it is tied to another parameter, and Burn's optimizers update only the first of the two"
                    .into(),
            )),
        }
    }
}

/// The way from a quotient back to the full module:
///
/// ```text
/// W[j][i] = w[D][C] + factor d[j][i],     w = W' / n_D,  j in D, i in C
/// ```
///
/// with the deviation d of each entry from its block's mean at the start, which is 0 for twins. The factor is what
/// weight decay has left of the deviation.
///
/// Cheap to clone; all clones share the factors.
#[derive(Clone, Debug)]
pub struct HostLifting {
    ground: Arc<Ground>,
    /// What is left of the deviations, by number in visiting order.
    factors: Arc<Mutex<Vec<f64>>>,
}

/// What does not change during training.
#[derive(Debug)]
struct Ground {
    quotient: Quotient,
    /// The number of each parameter in visiting order.
    numbers: Vec<usize>,
}

impl HostLifting {
    fn new(quotient: Quotient, numbers: Vec<usize>) -> Self {
        let factors = Arc::new(Mutex::new(vec![1.0; numbers.len()]));
        Self { ground: Arc::new(Ground { quotient, numbers }), factors }
    }

    /// A copy with separate factors, which start at the present values.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { ground: Arc::clone(&self.ground), factors: Arc::new(Mutex::new(self.factors())) }
    }

    /// Sets what is left of the deviations of each float parameter, in visiting order.
    pub fn set_factors(&self, factors: Vec<f64>) {
        *self.factors.lock().unwrap_or_else(PoisonError::into_inner) = factors;
    }

    fn factors(&self) -> Vec<f64> {
        self.factors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The classes that are lifted, and the axes of the full module.
    pub fn quotient(&self) -> &Quotient {
        &self.ground.quotient
    }

    /// The parameters of the full module, with the numbers of the parameters in the quotient's module. `small` is that
    /// module with the quotient's spec as its axes.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] if this is not the quotient's module, and [`Error::Surgery`] if what weight decay leaves of
    /// deviations is not a number, as after an Adam step with an epsilon of 0.
    pub fn lift(&self, small: &HostModule<'_>) -> Result<NewParameters, Error> {
        let Ground { quotient, numbers } = &*self.ground;
        let means = quotient.means_of(&small.views)?;
        let means: Vec<ParamView<'_>> = means.iter().map(OwnedParam::view).collect();
        let factors = self.factors();
        let factor = |number: usize| factors.get(number).copied().unwrap_or(1.0);
        let params = || quotient.params().iter().zip(numbers);
        let lost = |(param, number): &(&QuotientParam, &usize)| {
            param.has_deviations() && !factor(**number).is_finite()
        };
        if let Some((param, _)) = params().find(lost) {
            let reason = "after weight decay, the deviations from the block means are not finite";
            return Err(refused(param.path(), reason.to_owned()));
        }
        let of_path = |path: &str| {
            params().find(|(param, _)| param.path() == path).map_or(1.0, |(_, n)| factor(*n))
        };
        small.changed(quotient.lift_scaled(&means, of_path)?)
    }
}
