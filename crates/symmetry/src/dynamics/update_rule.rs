//! Optimizers: rules that treat every entry equally.
//!
//! All of them act entry by entry. So a quotient with the gradient of *one* entry of each block moves as that entry
//! does in the full network.

use super::{Real, Scalar};

/// How a step computes parameters from gradients. A rule keeps its state between steps.
pub trait UpdateRule<S> {
    /// Makes one step. All calls must pass the same parameters.
    fn step(&mut self, parameters: &mut [S], gradients: &[S]);
}

/// Gradient descent, with momentum and coupled decay if these are not 0:
///
/// ```text
/// g' = g + decay p      v' = momentum v + (1 - dampening) g'  (first step: v' = g')
/// p' = p - rate v'      Nesterov: p' = p - rate (g' + momentum v')
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd<S> {
    /// Step size.
    pub rate: S,
    /// Share of the velocity that is kept.
    pub momentum: S,
    /// The share of the gradient that is not added to the velocity.
    pub dampening: S,
    /// Whether to use Nesterov's form.
    pub nesterov: bool,
    /// This times the parameter is added to the gradient.
    pub decay: S,
    velocity: Vec<S>,
}

impl<S: Scalar> Sgd<S> {
    /// Plain gradient descent.
    pub fn new(rate: S) -> Self {
        let zero = S::zero;
        Self {
            rate,
            momentum: zero(),
            dampening: zero(),
            nesterov: false,
            decay: zero(),
            velocity: Vec::new(),
        }
    }

    /// With momentum.
    pub fn with_momentum(self, momentum: S) -> Self {
        Self { momentum, ..self }
    }

    /// With coupled decay.
    pub fn with_decay(self, decay: S) -> Self {
        Self { decay, ..self }
    }
}

impl<S: Scalar> UpdateRule<S> for Sgd<S> {
    fn step(&mut self, parameters: &mut [S], gradients: &[S]) {
        if self.momentum.is_zero() {
            let kept = S::one() - self.rate.clone() * &self.decay;
            let decays = !self.decay.is_zero();
            for (p, g) in parameters.iter_mut().zip(gradients) {
                if decays {
                    *p *= &kept;
                }
                *p -= self.rate.clone() * g;
            }
            return;
        }
        let first = self.velocity.is_empty();
        self.velocity.resize(parameters.len(), S::zero());
        let fresh = S::one() - &self.dampening;
        for ((p, g), v) in parameters.iter_mut().zip(gradients).zip(&mut self.velocity) {
            let g = p.clone() * &self.decay + g;
            *v = if first { g.clone() } else { v.clone() * &self.momentum + g.clone() * &fresh };
            let change = if self.nesterov { v.clone() * &self.momentum + g } else { v.clone() };
            *p -= change * &self.rate;
        }
    }
}

/// Adam and AdamW:
///
/// ```text
/// m' = β₁ m + (1 - β₁) g      v' = β₂ v + (1 - β₂) g²
/// p' = (1 - rate · decoupled) p - rate · (m' / (1 - β₁ᵗ)) / (√(v' / (1 - β₂ᵗ)) + ε)
/// ```
///
/// with `g + coupled p` in place of `g`.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam<S> {
    /// Step size.
    pub rate: S,
    /// Decay of the two moments.
    pub betas: [S; 2],
    /// Added to the root.
    pub epsilon: S,
    /// This times the parameter is added to the gradient.
    pub coupled: S,
    /// The parameter shrinks by the step size times this.
    pub decoupled: S,
    /// Divide by the largest second moment so far.
    pub amsgrad: bool,
    steps: i32,
    first: Vec<S>,
    second: Vec<S>,
    largest: Vec<S>,
}

impl<S: Real> Adam<S> {
    /// Without decay, β = (0.9, 0.999), ε = 1e-8.
    pub fn new(rate: S) -> Self {
        Self {
            rate,
            betas: [S::constant(0.9), S::constant(0.999)],
            epsilon: S::constant(1e-8),
            coupled: S::zero(),
            decoupled: S::zero(),
            amsgrad: false,
            steps: 0,
            first: Vec::new(),
            second: Vec::new(),
            largest: Vec::new(),
        }
    }
}

impl<S: Real> UpdateRule<S> for Adam<S> {
    fn step(&mut self, parameters: &mut [S], gradients: &[S]) {
        self.first.resize(parameters.len(), S::zero());
        self.second.resize(parameters.len(), S::zero());
        self.largest.resize(if self.amsgrad { parameters.len() } else { 0 }, S::zero());
        self.steps = self.steps.saturating_add(1);
        let one = S::one();
        let [b1, b2] = self.betas;
        let corrected = [b1, b2].map(|beta| one - beta.powi(self.steps));
        let kept = one - self.rate * self.decoupled;
        for (k, (p, &g)) in parameters.iter_mut().zip(gradients).enumerate() {
            let g = g + self.coupled * *p;
            self.first[k] = b1 * self.first[k] + (one - b1) * g;
            self.second[k] = b2 * self.second[k] + (one - b2) * g * g;
            let mut second = self.second[k] / corrected[1];
            if self.amsgrad {
                self.largest[k] = self.largest[k].max(second);
                second = self.largest[k];
            }
            let change = self.first[k] / corrected[0] / (second.sqrt() + self.epsilon);
            *p = kept * *p - self.rate * change;
        }
    }
}

/// RMSProp:
///
/// ```text
/// s' = α s + (1 - α) g²      m' = α m + (1 - α) g  (centered; else 0)
/// d = g / (√(s' - m'²) + ε)      v' = momentum v + d      p' = p - rate v'
/// ```
///
/// with `g + decay p` in place of `g`.
#[derive(Clone, Debug, PartialEq)]
pub struct RmsProp<S> {
    /// Step size.
    pub rate: S,
    /// Decay of the squares' mean.
    pub alpha: S,
    /// Added to the root.
    pub epsilon: S,
    /// Share of the velocity that is kept.
    pub momentum: S,
    /// Divide by the standard deviation.
    pub centered: bool,
    /// This times the parameter is added to the gradient.
    pub decay: S,
    squares: Vec<S>,
    means: Vec<S>,
    velocity: Vec<S>,
}

impl<S: Real> RmsProp<S> {
    /// Without momentum and decay, α = 0.99, ε = 1e-8.
    pub fn new(rate: S) -> Self {
        Self {
            rate,
            alpha: S::constant(0.99),
            epsilon: S::constant(1e-8),
            momentum: S::zero(),
            centered: false,
            decay: S::zero(),
            squares: Vec::new(),
            means: Vec::new(),
            velocity: Vec::new(),
        }
    }
}

impl<S: Real> UpdateRule<S> for RmsProp<S> {
    fn step(&mut self, parameters: &mut [S], gradients: &[S]) {
        for state in [&mut self.squares, &mut self.means, &mut self.velocity] {
            state.resize(parameters.len(), S::zero());
        }
        let (a, rest) = (self.alpha, S::one() - self.alpha);
        for (k, (p, &g)) in parameters.iter_mut().zip(gradients).enumerate() {
            let g = g + self.decay * *p;
            self.squares[k] = a * self.squares[k] + rest * g * g;
            let mut variance = self.squares[k];
            if self.centered {
                self.means[k] = a * self.means[k] + rest * g;
                variance -= self.means[k] * self.means[k];
            }
            self.velocity[k] =
                self.momentum * self.velocity[k] + g / (variance.sqrt() + self.epsilon);
            *p -= self.rate * self.velocity[k];
        }
    }
}

/// AdaGrad:
///
/// ```text
/// s' = s + g²      p' = p - rate / (1 + t · rate_decay) · g / (√s' + ε)      t = steps done
/// ```
///
/// with `g + decay p` in place of `g`.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaGrad<S> {
    /// Step size.
    pub rate: S,
    /// The rate at which the step size falls.
    pub rate_decay: S,
    /// Added to the root.
    pub epsilon: S,
    /// This times the parameter is added to the gradient.
    pub decay: S,
    steps: usize,
    squares: Vec<S>,
}

impl<S: Real> AdaGrad<S> {
    /// Without decays, ε = 1e-10.
    pub fn new(rate: S) -> Self {
        Self {
            rate,
            rate_decay: S::zero(),
            epsilon: S::constant(1e-10),
            decay: S::zero(),
            steps: 0,
            squares: Vec::new(),
        }
    }
}

impl<S: Real> UpdateRule<S> for AdaGrad<S> {
    fn step(&mut self, parameters: &mut [S], gradients: &[S]) {
        self.squares.resize(parameters.len(), S::zero());
        let rate = self.rate / (S::one() + S::count(self.steps) * self.rate_decay);
        self.steps += 1;
        for ((p, &g), sum) in parameters.iter_mut().zip(gradients).zip(&mut self.squares) {
            let g = g + self.decay * *p;
            *sum += g * g;
            *p -= rate * g / (sum.sqrt() + self.epsilon);
        }
    }
}

/// Lion:
///
/// ```text
/// c = sign(β₁ m + (1 - β₁) g)      m' = β₂ m + (1 - β₂) g
/// p' = (1 - rate · decoupled) p - rate · c
/// ```
///
/// with `g + coupled p` in place of `g`, and sign(0) = 0. Every entry moves by the whole step size or not at all. So if
/// a gradient is 0 in exact arithmetic, its rounding error causes a whole step.
///
/// # References
///
/// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
#[derive(Clone, Debug, PartialEq)]
pub struct Lion<S> {
    /// Step size.
    pub rate: S,
    /// The share of the momentum in the step, and the share of the momentum that is kept.
    pub betas: [S; 2],
    /// This times the parameter is added to the gradient.
    pub coupled: S,
    /// The parameter shrinks by the step size times this.
    pub decoupled: S,
    momentum: Vec<S>,
}

impl<S: Real> Lion<S> {
    /// Without decay, β = (0.9, 0.99).
    pub fn new(rate: S) -> Self {
        Self {
            rate,
            betas: [S::constant(0.9), S::constant(0.99)],
            coupled: S::zero(),
            decoupled: S::zero(),
            momentum: Vec::new(),
        }
    }
}

impl<S: Real> UpdateRule<S> for Lion<S> {
    fn step(&mut self, parameters: &mut [S], gradients: &[S]) {
        self.momentum.resize(parameters.len(), S::zero());
        let one = S::one();
        let [b1, b2] = self.betas;
        let kept = one - self.rate * self.decoupled;
        for ((p, &g), m) in parameters.iter_mut().zip(gradients).zip(&mut self.momentum) {
            let g = g + self.coupled * *p;
            let step = b1 * *m + (one - b1) * g;
            // The sign of a float's zero is not 0.
            let sign = if step.is_zero() { S::zero() } else { step.signum() };
            *p = kept * *p - self.rate * sign;
            *m = b2 * *m + (one - b2) * g;
        }
    }
}
