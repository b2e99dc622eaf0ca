//! What can be wrong with a spec, a view or a question.

/// Everything that this crate refuses. Messages name the parameter, the space and both places that disagree.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SymmetryError {
    /// Two spaces of one name.
    #[error("space `{space}` is declared twice: as number {first} and as number {second}")]
    DuplicateSpace {
        /// The name.
        space: String,
        /// The number of the first declaration.
        first: usize,
        /// The number of the second.
        second: usize,
    },
    /// A space with the empty name, which stands for a fixed axis.
    #[error("space number {position} has no name; the empty name stands for a fixed axis")]
    UnnamedSpace {
        /// The number of the declaration.
        position: usize,
    },
    /// More units, spaces or parameters than this crate numbers.
    #[error("{units} is more than the 2^32 - 2 units, spaces or parameters that are supported")]
    TooManyUnits {
        /// How many there are.
        units: usize,
    },
    /// An axis over a space that was not declared.
    #[error("{place} ranges over space `{space}`, which is not declared{}", did_you_mean(.nearest))]
    UnknownSpace {
        /// The name used.
        space: String,
        /// The parameter and axis that use it.
        place: String,
        /// The declared name that is nearest.
        nearest: Option<String>,
    },
    /// The size of an axis does not allow inferring how many units a flattened axis has.
    #[error(
        "{place} has size {size}, which is not a multiple of the {entries} entries that a unit of `{space}` has there"
    )]
    NotAMultiple {
        /// The space.
        space: String,
        /// The parameter and axis.
        place: String,
        /// The size of the axis.
        size: usize,
        /// Entries a unit.
        entries: usize,
    },
    /// An axis and its space have different sizes.
    #[error("space `{space}` has {units} units by {origin}, but {place} has size {size}{}", times(.entries))]
    SizeMismatch {
        /// The space.
        space: String,
        /// Its number of units.
        units: usize,
        /// Where that number comes from.
        origin: String,
        /// The parameter and axis that disagree.
        place: String,
        /// The size of that axis.
        size: usize,
        /// Entries a unit along that axis.
        entries: usize,
    },
    /// A parameter that occurs twice.
    #[error("parameter `{parameter}` occurs twice in {within}: at positions {first} and {second}")]
    DuplicateParameter {
        /// The path.
        parameter: String,
        /// In which list.
        within: &'static str,
        /// The first position.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A parameter of the spec that the network does not have.
    #[error("the spec has axes for `{parameter}`, but the network has no such parameter{}", did_you_mean(.nearest))]
    UnknownParameter {
        /// The path.
        parameter: String,
        /// The network's path that is nearest.
        nearest: Option<String>,
    },
    /// A parameter of the network that the spec says nothing about.
    #[error("parameter `{parameter}` is not covered by the spec{}", did_you_mean(.nearest))]
    UncoveredParameter {
        /// The path.
        parameter: String,
        /// The spec's path that is nearest.
        nearest: Option<String>,
    },
    /// A parameter of the spec that was not handed over.
    #[error("parameter `{parameter}` of the spec is missing among the given parameters")]
    MissingParameter {
        /// The path.
        parameter: String,
    },
    /// Not one axis of the spec for each axis of the shape.
    #[error("the spec gives `{parameter}` {axes} axes, but its shape is {shape:?}")]
    RankMismatch {
        /// The path.
        parameter: String,
        /// Axes in the spec.
        axes: usize,
        /// The parameter's shape.
        shape: Vec<usize>,
    },
    /// A parameter whose shape is not the one that the spec was built for.
    #[error("parameter `{parameter}` has shape {found:?}, but the spec was built for {spec:?}")]
    ShapeMismatch {
        /// The path.
        parameter: String,
        /// The spec's shape.
        spec: Vec<usize>,
        /// The view's shape.
        found: Vec<usize>,
    },
    /// A shape whose entries or offsets cannot be counted.
    #[error(
        "parameter `{parameter}`: shape {shape:?} has more entries or larger offsets than can be counted"
    )]
    ShapeOverflow {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
    },
    /// A contiguous view over a slice of another length.
    #[error(
        "parameter `{parameter}`: shape {shape:?} has {expected} entries, but {found} were given"
    )]
    ViewLength {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
        /// Its number of entries.
        expected: usize,
        /// The length of the slice.
        found: usize,
    },
    /// Not one stride an axis.
    #[error(
        "parameter `{parameter}`: shape {shape:?} needs one stride an axis, but the strides are {strides:?}"
    )]
    StrideCount {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
        /// The strides.
        strides: Vec<usize>,
    },
    /// A strided view that reaches past its slice.
    #[error(
        "parameter `{parameter}`: shape {shape:?} with strides {strides:?} reaches offset {last}, but {found} numbers were given"
    )]
    ViewOutOfBounds {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
        /// The strides.
        strides: Vec<usize>,
        /// The largest offset.
        last: usize,
        /// The length of the slice.
        found: usize,
    },
    /// A tolerance that is negative, infinite or NaN.
    #[error("{tolerance} is not a tolerance: it must be finite and not negative")]
    BadTolerance {
        /// The number given.
        tolerance: f64,
    },
    /// A question that needs to know which side of a parameter an axis stands on.
    #[error(
        "{place} ranges over `{space}` with unknown role; {needed_by} needs to know whether it is an output or an input axis"
    )]
    UnknownRole {
        /// The space.
        space: String,
        /// The parameter and axis.
        place: String,
        /// What was asked.
        needed_by: &'static str,
    },
    /// A positive scale cannot be divided out of a space that stands on two axes of one parameter.
    #[error(
        "space `{space}` stands on several axes of `{parameter}`, where units cannot be compared up to scale"
    )]
    ScaleOnTwoAxes {
        /// The space.
        space: String,
        /// The parameter.
        parameter: String,
    },
    /// A partition for a space that does not exist.
    #[error("there is no space `{space}` to give an input partition for{}", did_you_mean(.nearest))]
    UnknownInputSpace {
        /// The name.
        space: String,
        /// The declared name that is nearest.
        nearest: Option<String>,
    },
    /// A partition of another number of units than its space has.
    #[error("the input partition of `{space}` cuts {found} units, but the space has {units}")]
    InputPartitionSize {
        /// The space.
        space: String,
        /// Units of the space.
        units: usize,
        /// Units of the partition.
        found: usize,
    },
    /// A space that parameters read and none produces, without a partition to start from.
    #[error(
        "no parameter produces space `{space}`, so a forward pass needs its partition: give one, or declare the space as fixed"
    )]
    MissingInputPartition {
        /// The space.
        space: String,
    },
    /// Two units to swap that a space does not have.
    #[error("space `{space}` of {units} units has no two units {} and {} to swap", .pair[0], .pair[1])]
    NoPair {
        /// The space.
        space: String,
        /// Its number of units.
        units: usize,
        /// The units asked for.
        pair: [usize; 2],
    },
    /// Units of one class that a parameter treats unlike: what was asked for needs equal sums over every block.
    #[error(
        "units {} and {} of `{space}` are in one class, but `{parameter}` gives them {} and {}{over}: a difference of {difference:e}",
        .units[0], .units[1], .sums[0], .sums[1]
    )]
    SumsDiffer {
        /// The parameter.
        parameter: String,
        /// The space of the two units.
        space: String,
        /// The two units.
        units: [usize; 2],
        /// The block: over which classes and at which indices of the other axes the sums are taken.
        over: String,
        /// The two sums, rounded to the nearest f64.
        sums: [f64; 2],
        /// The first minus the second, rounded once.
        difference: f64,
    },
    /// A network that is no plain chain of dense layers, or not the one that was described.
    #[error("no chain of dense layers: `{parameter}` {reason}")]
    NotAChain {
        /// The parameter that does not fit in.
        parameter: String,
        /// Why.
        reason: String,
    },
    /// A scale of changes that is negative, infinite or NaN.
    #[error("{scale} is not the scale of a change: it must be finite and not negative")]
    BadScale {
        /// The number given.
        scale: f64,
    },
    /// A space whose members are told apart from outside, where units were to be changed.
    #[error("space `{space}` is fixed, so its units cannot be {refused}")]
    FixedSpace {
        /// The space.
        space: String,
        /// What was asked for.
        refused: &'static str,
    },
    /// Not one number of copies, at least 1, for each unit.
    #[error(
        "space `{space}` has {units} units and needs a number of copies, at least 1, for each: {found} were given{}",
        no_copies(.without)
    )]
    BadCopies {
        /// The space.
        space: String,
        /// Its number of units.
        units: usize,
        /// How many numbers were given.
        found: usize,
        /// The first unit that was to have no copy.
        without: Option<usize>,
    },
    /// A block of unlike entries with one that is no number.
    #[error("entry {entry} of `{parameter}` is {value}, so its block has no mean")]
    NotFinite {
        /// The parameter.
        parameter: String,
        /// The row-major number of the entry.
        entry: usize,
        /// What it is.
        value: f64,
    },
    /// Finite entries whose sum is not, in the type of their parameter.
    #[error(
        "entry {entry} of the smaller `{parameter}` is a sum of finite numbers that its type of numbers is too small for"
    )]
    SumOverflows {
        /// The parameter.
        parameter: String,
        /// The row-major number of the entry in the smaller parameter.
        entry: usize,
    },
    /// A number of a forecast that no training has.
    #[error("{name} = {value}: {reason}")]
    BadForecast {
        /// What it is.
        name: &'static str,
        /// The number given.
        value: f64,
        /// What it must be.
        reason: &'static str,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn no_copies(unit: &Option<usize>) -> String {
    unit.map(|unit| format!(", and unit {unit} was to have none")).unwrap_or_default()
}

fn times(entries: &usize) -> String {
    if *entries == 1 { String::new() } else { format!(" with {entries} entries a unit") }
}
