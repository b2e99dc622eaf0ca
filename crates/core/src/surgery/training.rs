//! Whether a quotient can be trained in place of a module.

use super::{merged, refused};
use crate::Error;
use constinit_symmetry::{
    Claim, Invariant, Preservation, Quotient, Symmetry, SymmetryBreaker, TrainingFacts, Verdict,
    certificate, keeps,
};

/// Checks that training keeps the classes, and updates a block as it updates its mean, so that their quotient can be
/// trained in place of the module.
///
/// # Errors
///
/// [`Error::Surgery`] with the space or the optimizer that prevents it, and why.
pub(super) fn check_training(
    symmetry: &Symmetry,
    facts: &TrainingFacts,
    found: &Quotient,
) -> Result<(), Error> {
    let certificate = certificate(symmetry, facts);
    if let Some(space) = certificate.unknown_spaces().first() {
        let reason = "the facts of the training name this space, but the axes do not have it";
        return Err(refused(space.as_str(), reason.to_owned()));
    }
    // A class that is broken directly comes before the classes that depend on it.
    let broken = || certificate.claims().iter().filter(|claim| *claim.verdict() != Verdict::Kept);
    let directly = |claim: &&Claim| match claim.verdict() {
        Verdict::Broken(by) => {
            by.iter().any(|breaker| !matches!(breaker, SymmetryBreaker::Space(_)))
        }
        _ => false,
    };
    if let Some(claim) = broken().find(directly).or_else(|| broken().next()) {
        let space = symmetry.spaces()[claim.space().get()].name();
        let cannot = "a quotient cannot be trained in place of the module";
        return Err(refused(space, format!("{cannot}. {}", claim.sentence())));
    }
    let rule = facts.optimizer();
    if !rule.acts_entry_by_entry() && !merged(symmetry).is_empty() {
        let reason = "it updates a weight as a whole matrix and not entry by entry, so a quotient would train \
                      differently";
        return Err(refused(rule.to_string(), reason.to_owned()));
    }
    let deviating = found.params().iter().find(|param| param.has_deviations());
    match deviating {
        Some(param) if keeps(Invariant::Equitable, rule, facts.decay()) != Preservation::Kept => {
            let decay = facts.decay();
            Err(refused(
                param.path(),
                format!(
                    "its entries differ within a block, and {rule} with {decay} updates them differently"
                ),
            ))
        }
        _ => Ok(()),
    }
}
