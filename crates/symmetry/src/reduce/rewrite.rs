//! Replaces units by constants and other units, in the weights that read them.
//!
//! ```text
//! a[i] = f a[u] + k      Q[.][u] += f Q[.][i]      c[.] += k Q[.][i]
//! ```

use super::network::Network;
use super::result::UnreducedReason;
use super::structure::{Place, Taker, taker};
use crate::axes::Role;
use crate::error::SymmetryError;

/// What replaces a unit: a constant, plus a factor times another unit if `by` is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Replacement {
    pub unit: usize,
    pub by: Option<(usize, f64)>,
    pub constant: f64,
}

/// Why a constant cannot replace a unit; `None` if it can.
pub(super) fn fold_refused(
    network: &Network,
    readers: &[Place],
    unit: usize,
) -> Option<UnreducedReason> {
    let mut reading =
        readers.iter().filter(|r| network.values(r.param, r.axis, unit).any(|x| x != 0.0));
    reading.find_map(|reader| {
        let param = &network.spec.params()[reader.param];
        let path = param.path().to_owned();
        let axes = param.axes().iter().zip(param.shape()).enumerate();
        let mut kernel = axes.filter(|(number, (axis, len))| {
            *number != reader.axis && axis.role != Role::Output && **len > 1
        });
        match (kernel.next(), taker(&network.spec, reader.param)) {
            (Some(_), _) => Some(UnreducedReason::Border { reader: path }),
            (None, None) => Some(UnreducedReason::NeedsBias { reader: path }),
            (None, Some(_)) => None,
        }
    })
}

/// Adds the replacements of units to the weights of other units and to the biases. The units themselves stay as they
/// are.
///
/// # Errors
///
/// [`SurgeryError::SumOverflows`](crate::SurgeryError::SumOverflows).
pub(super) fn rewrite(
    network: &mut Network,
    readers: &[Place],
    replaced: &[Replacement],
) -> Result<(), SymmetryError> {
    let mut members: Vec<(usize, usize, f64)> =
        replaced.iter().filter_map(|r| r.by.map(|(into, factor)| (into, r.unit, factor))).collect();
    members.sort_by_key(|&(into, unit, _)| (into, unit));
    for reader in readers {
        // Constants first, since they use the weights before the next step changes them.
        let constants = replaced.iter().filter(|r| r.constant != 0.0);
        add_constants(network, reader, &constants.copied().collect::<Vec<_>>())?;
        for same in members.chunk_by(|a, b| a.0 == b.0) {
            add_weights(network, reader, same)?;
        }
    }
    Ok(())
}

/// Adds the weights of units, times their factors, to those of the one unit that they merge into.
fn add_weights(
    network: &mut Network,
    reader: &Place,
    members: &[(usize, usize, f64)],
) -> Result<(), SymmetryError> {
    let &Place { param, axis } = reader;
    let Some(&(into, ..)) = members.first() else { return Ok(()) };
    let places: Vec<usize> = network.entries(param, axis, into).collect();
    let columns: Vec<(f64, Vec<usize>)> = members
        .iter()
        .map(|&(_, unit, factor)| (factor, network.entries(param, axis, unit).collect()))
        .collect();
    for (k, &place) in places.iter().enumerate() {
        let data = &network.params[param].data;
        let added = columns.iter().map(|(factor, entries)| [*factor, data[entries[k]]]);
        let added: Vec<[f64; 2]> = added.filter(|[_, x]| *x != 0.0).collect();
        if !added.is_empty() {
            let terms = [[1.0, data[place]]].into_iter().chain(added);
            network.params[param].data[place] = network.rounded(param, place, terms)?;
        }
    }
    Ok(())
}

/// Adds constants, times the weights that read them, to the bias of the reading layer.
fn add_constants(
    network: &mut Network,
    reader: &Place,
    constants: &[Replacement],
) -> Result<(), SymmetryError> {
    let Some(Taker { param, sign, axis }) = taker(&network.spec, reader.param) else {
        return Ok(());
    };
    let shape = network.spec.params()[reader.param].shape();
    let (outputs, after) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let mut terms: Vec<Vec<[f64; 2]>> = vec![Vec::new(); outputs];
    for constant in constants {
        for entry in network.entries(reader.param, reader.axis, constant.unit) {
            let weight = network.params[reader.param].data[entry];
            if weight != 0.0 {
                terms[entry / after % outputs].push([sign * constant.constant, weight]);
            }
        }
    }
    for (output, terms) in terms.into_iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
        let own = [1.0, network.params[param].data[output]];
        let sum = network.rounded(param, output, [own].into_iter().chain(terms))?;
        network.params[param].data[output] = sum;
    }
    Ok(())
}
