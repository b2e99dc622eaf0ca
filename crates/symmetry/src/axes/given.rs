//! Partitions that the caller gives by the names of their spaces.

use super::{AxesSpec, nearest};
use crate::error::{SearchError, SymmetryError};
use crate::partition::Partition;
use crate::space::UnitSpace;

/// The partition given for every space, if any, checked against the size of the space.
pub(crate) fn given_partitions<'p>(
    spec: &AxesSpec,
    input_partition: &'p [(&str, Partition)],
) -> Result<Vec<Option<&'p Partition>>, SymmetryError> {
    let mut given = vec![None; spec.spaces().len()];
    for (name, partition) in input_partition {
        let Some(id) = spec.space_id(name) else {
            return Err(SearchError::UnknownInputSpace {
                space: (*name).into(),
                nearest: nearest(name, spec.spaces().iter().map(UnitSpace::name)),
            }
            .into());
        };
        let units = spec.space(id).units();
        if partition.units() != units {
            return Err(SearchError::InputPartitionSize {
                space: (*name).into(),
                units,
                found: partition.units(),
            }
            .into());
        }
        given[id.get()] = Some(partition);
    }
    Ok(given)
}
