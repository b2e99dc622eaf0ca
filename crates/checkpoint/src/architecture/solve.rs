//! How many units each space of a network has, and for which spaces that is unknown.
//!
//! ```text
//! conv1 [16, 3, 3, 3]   conv2 [16, 4, 3, 3]     16 channels, 4 per filter: 4 groups of 4 channels
//! q [64, 32]  k [16, 32]  config: 8 heads       heads of 8 entries, 2 keys: 2 units, each 4 queries and a key
//! ```
//!
//! A space that some axis does not fit is given up: all axes on it become fixed.

use std::collections::{BTreeMap, HashMap};

use constinit_symmetry::Orientation;

use super::config::Config;
use super::pattern::alternatives;
use super::place::{AxisRef, Instance, Output, join};
use super::tensors::{Tensor, Tensors};

/// The axes and spaces of a network.
#[derive(Default)]
pub(super) struct Solved {
    /// The axes of its tensors, as in an axes file.
    pub axes: Vec<(usize, Vec<String>, Orientation)>,
    /// The number of units of every space.
    pub spaces: BTreeMap<String, usize>,
    /// Spaces that are compared and never merged.
    pub kept: Vec<String>,
    /// Spaces that were given up, and why.
    pub given_up: Vec<(String, String)>,
}

/// The spaces of a network. `unmatched` are the tensors that match no network; they may range over a space, too.
/// Matrices are read in the usual order of the file and the architecture, or in the other order if more tensors fit
/// then.
pub(super) fn solve(
    tensors: &Tensors<'_>,
    instance: &Instance,
    config: &Config,
    inputs_first: bool,
    unmatched: &[usize],
) -> Solved {
    let usual = inputs_first != instance.architecture.input_first;
    let of = |turned: bool, unmatched: &[usize]| {
        Search::new(tensors, instance, turned).solve(config, unmatched)
    };
    // Unmatched tensors do not count here. They can rule out a space in both orders, and the wrong order could win
    // because it conflicts with fewer of them.
    let fit = |turned: bool| {
        let solved = of(turned, &[]);
        solved.axes.iter().filter(|(_, axes, _)| axes.iter().any(|a| !a.is_empty())).count()
    };
    let turned = if fit(!usual) > fit(usual) { !usual } else { usual };
    of(turned, unmatched)
}

struct Search<'s> {
    tensors: &'s Tensors<'s>,
    instance: &'s Instance,
    axes: Vec<(usize, Vec<AxisRef>, Orientation)>,
    /// Why a symbol was given up.
    wrong: Vec<Option<String>>,
    /// The symbol that each symbol was joined with; a root is its own parent. Joined symbols have the same units.
    parent: Vec<usize>,
    /// The size of an axis with one entry per channel, as most axes have it.
    channels: Vec<Option<usize>>,
    /// The number of units, if they are not the channels.
    units: Vec<Option<usize>>,
    /// The number of attention heads; several heads may form one unit.
    heads: Vec<Option<usize>>,
}

impl<'s> Search<'s> {
    fn new(tensors: &'s Tensors<'s>, instance: &'s Instance, turned: bool) -> Self {
        let axes = instance.placed.iter().map(|placed| {
            let mut axes = placed.axes.clone();
            let orientation = match (placed.output, axes.len()) {
                (Output::OfMatrix, 2) if turned => {
                    axes.reverse();
                    Orientation::InputFirst
                }
                (Output::Last, 2..) => Orientation::OutputLast,
                _ => Orientation::OutputFirst,
            };
            (placed.tensor, axes, orientation)
        });
        let symbols = instance.symbols.len();
        Self {
            tensors,
            instance,
            axes: axes.collect(),
            wrong: vec![None; symbols],
            parent: (0..symbols).collect(),
            channels: vec![None; symbols],
            units: vec![None; symbols],
            heads: vec![None; symbols],
        }
    }

    fn solve(mut self, config: &Config, unmatched: &[usize]) -> Solved {
        self.count_channels();
        self.find_groups();
        self.find_heads(config);
        self.check_needs();
        self.check_sizes();
        self.check_unmatched(unmatched);
        self.check_sides();
        self.finish()
    }

    fn tensor(&self, number: usize) -> &'s Tensor<'s> {
        &self.tensors.all[number]
    }

    fn root(&self, symbol: usize) -> usize {
        let mut at = symbol;
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn give_up(&mut self, symbol: usize, why: impl FnOnce() -> String) {
        let root = self.root(symbol);
        if self.wrong[root].is_none() {
            self.wrong[root] = Some(why());
        }
    }

    fn is_of_heads(&self, symbol: usize) -> bool {
        !self.instance.symbols[symbol].rule.heads.is_empty()
    }

    /// Every axis on a symbol: symbol, tensor, number, reference, size, whether it is the output.
    fn all(&self) -> impl Iterator<Item = (usize, usize, usize, &AxisRef, usize, bool)> {
        self.axes.iter().flat_map(move |(tensor, axes, orientation)| {
            let shape = self.tensor(*tensor).shape;
            axes.iter().zip(shape).enumerate().filter_map(move |(number, (axis, &size))| {
                let role = orientation.role(number, axes.len());
                let output = role == constinit_symmetry::Role::Output;
                Some((axis.symbol?, *tensor, number, axis, size, output))
            })
        })
    }

    /// Takes the size that most axes agree on. If there are output axes, only these count, since a grouped convolution
    /// reads fewer channels.
    fn count_channels(&mut self) {
        let mut votes: HashMap<usize, BTreeMap<(bool, usize), usize>> = HashMap::new();
        for (symbol, _, _, axis, size, output) in self.all() {
            if let (false, false, Some(outer)) = (axis.is_open, axis.is_shared, axis.outer)
                && size.is_multiple_of(outer)
            {
                *votes.entry(symbol).or_default().entry((output, size / outer)).or_default() += 1;
            }
        }
        for (symbol, votes) in votes {
            let best = votes.iter().max_by_key(|((output, size), count)| (*output, **count, *size));
            self.channels[symbol] = best.map(|((_, size), _)| *size);
        }
    }

    /// A convolution that reads fewer channels than exist is grouped. Its groups are then the units of its inputs and
    /// of its outputs.
    fn find_groups(&mut self) {
        for number in 0..self.axes.len() {
            let (tensor, axes, orientation) = &self.axes[number];
            let shape = self.tensor(*tensor).shape;
            let &[made, read, _, ..] = shape else { continue };
            let (to, Some(from)) = (axes[0].symbol, axes[1].symbol) else { continue };
            let Some(channels) = self.channels[from] else { continue };
            if *orientation != Orientation::OutputFirst || read == channels || read == 0 {
                continue;
            }
            let groups = channels / read;
            if !channels.is_multiple_of(read) || !made.is_multiple_of(groups) {
                continue;
            }
            self.axes[number].1[1] = AxisRef::default();
            self.join(from, to.unwrap_or(from), groups);
        }
    }

    fn join(&mut self, a: usize, b: usize, groups: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let known = [self.units[a], self.units[b]].into_iter().flatten();
        let units = known
            .fold(groups, |units, known| if units.is_multiple_of(known) { known } else { units });
        let fits = [a, b].iter().all(|&s| self.units[s].is_none_or(|u| u.is_multiple_of(units)));
        let wrong = self.wrong[a].take().or(self.wrong[b].take());
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high] = low;
        self.units[low] = Some(units);
        self.wrong[low] = wrong.or_else(|| {
            (!fits)
                .then(|| "grouped convolutions split it into incompatible numbers of groups".into())
        });
    }

    fn find_heads(&mut self, config: &Config) {
        for symbol in 0..self.instance.symbols.len() {
            if !self.is_of_heads(symbol) {
                continue;
            }
            let sizes = |shared: bool| {
                let of = self.all().filter(move |(s, .., axis, _, _)| {
                    *s == symbol && axis.is_open && axis.is_shared == shared
                });
                of.filter_map(|(.., axis, size, _)| Some((axis.outer?, size))).collect::<Vec<_>>()
            };
            // A joint projection has several blocks of entries per unit; the smallest size is that of a plain
            // projection.
            let whole = sizes(false).iter().map(|(outer, size)| size / outer).min();
            let (Some(whole), shared) = (whole, sizes(true)) else { continue };
            match self.heads(symbol, whole, config) {
                None => self.give_up(symbol, || {
                    "the number of heads is unknown (config.json in the folder of the file would give it)"
                        .into()
                }),
                Some(heads) if heads == 0 || !whole.is_multiple_of(heads) => {
                    self.give_up(symbol, || {
                        format!("{whole} entries cannot be divided into {heads} heads")
                    });
                }
                Some(heads) => self.set_heads(symbol, heads, whole / heads, &shared),
            }
        }
    }

    /// The number of heads: from a parameter with one entry per head, from a parameter with the entries of one head, or
    /// from the configuration.
    fn heads(&self, symbol: usize, whole: usize, config: &Config) -> Option<usize> {
        let rule = &self.instance.symbols[symbol].rule;
        if let Some(heads) = self.channels[symbol] {
            return Some(heads);
        }
        let size = rule.head_size.iter().find_map(|name| {
            let path = join(&self.instance.root, name);
            let scope = self.instance.symbols[symbol].scope.as_deref();
            let within = scope.map(|scope| join(scope, name));
            let is = |t: &&Tensor<'_>| t.plain == path || Some(&t.plain) == within.as_ref();
            let shape = self.tensors.all.iter().find(is)?.shape;
            let [entries] = *shape else { return None };
            Some(if name.ends_with("inv_freq") { 2 * entries } else { entries })
        });
        match size.filter(|&size| size > 0 && whole.is_multiple_of(size)) {
            Some(size) => Some(whole / size),
            None => config.number(&self.instance.architecture.config, &rule.heads),
        }
    }

    /// Heads may share keys and values. Heads that share them form one unit. If all heads share them, they belong to no
    /// unit.
    fn set_heads(
        &mut self,
        symbol: usize,
        heads: usize,
        entries: usize,
        shared: &[(usize, usize)],
    ) {
        let mut keys: Vec<usize> =
            shared.iter().map(|(outer, size)| size / outer / entries).collect();
        let fits = shared.iter().all(|(outer, size)| size.is_multiple_of(outer * entries));
        keys.dedup();
        let units = match keys[..] {
            [] | [1] => heads,
            [keys] if keys > 0 && heads.is_multiple_of(keys) => keys,
            _ => 0,
        };
        if !fits || units == 0 {
            self.give_up(symbol, || {
                format!("the sizes of keys and values do not fit {heads} heads")
            });
            return;
        }
        self.units[symbol] = Some(units);
        self.heads[symbol] = Some(heads);
        if keys == [1] {
            for axis in self.axes.iter_mut().flat_map(|(_, axes, _)| axes) {
                if axis.symbol == Some(symbol) && axis.is_shared {
                    *axis = AxisRef::default();
                }
            }
        }
        let whole = heads * entries;
        let joint = |(s, _, _, axis, size, _): (usize, usize, usize, &AxisRef, usize, bool)| {
            s == symbol && axis.outer.is_some_and(|outer| outer > 1 && size != outer * whole)
        };
        if self.all().any(joint) {
            self.give_up(symbol, || "queries, keys and values have different sizes".into());
        }
    }

    fn check_needs(&mut self) {
        for symbol in 0..self.instance.symbols.len() {
            let needed = self.instance.symbols[symbol].rule.needs.iter();
            let has = |name: &String| self.tensors.has(&join(&self.instance.root, name));
            let missing = |names: &&String| !alternatives(names).iter().any(has);
            if let Some(names) = needed.clone().find(missing) {
                let first = alternatives(names).swap_remove(0);
                self.give_up(symbol, || format!("`{first}` is not in the file"));
            }
        }
    }

    /// The number of units of a symbol; `None` if unknown.
    fn count(&self, symbol: usize) -> Option<usize> {
        self.units[self.root(symbol)].or(self.channels[symbol])
    }

    fn check_sizes(&mut self) {
        let mut wrong = Vec::new();
        for (symbol, tensor, number, axis, size, _) in self.all() {
            let Tensor { path, shape, is_read, .. } = self.tensor(tensor);
            let why = match self.count(symbol) {
                None | Some(0) => "its number of units is unknown".to_owned(),
                Some(_) if !is_read => format!("`{path}` cannot be compared"),
                Some(units) => {
                    let outer = axis.outer.unwrap_or(size / units);
                    let plain = axis.is_open
                        || self.is_of_heads(symbol)
                        || self.channels[symbol].is_none_or(|n| n.checked_mul(outer) == Some(size));
                    if plain
                        && outer > 0
                        && size.is_multiple_of(units.saturating_mul(outer))
                        && size > 0
                    {
                        continue;
                    }
                    format!("`{path}` {shape:?} does not fit {units} units")
                }
            };
            // If it is unknown which channels a convolution reads, each channel that it produces may belong to one of
            // them.
            if number == 1 && shape.len() > 2 {
                let made = self.axes.iter().find(|(other, ..)| *other == tensor);
                let made = made.and_then(|(_, axes, _)| axes[0].symbol);
                wrong.extend(made.map(|made| (made, why.clone())));
            }
            wrong.push((symbol, why));
        }
        for (symbol, why) in wrong {
            self.give_up(symbol, || why);
        }
    }

    /// An unmatched tensor may range over a space if one of its axes has the size of that space.
    fn check_unmatched(&mut self, unmatched: &[usize]) {
        for symbol in 0..self.instance.symbols.len() {
            let (Some(units), Some(size)) = (self.count(symbol), self.widest(symbol)) else {
                continue;
            };
            if units == 0 || size == 0 {
                continue;
            }
            let may_stand = |size_of_axis: &usize| {
                *size_of_axis > 1 && (size_of_axis.is_multiple_of(size) || *size_of_axis == units)
            };
            let known = &self.instance.symbols[symbol];
            let inside = |tensor: &Tensor<'_>| match &known.scope {
                Some(scope) => {
                    let rest = tensor.plain.strip_prefix(scope.as_str());
                    scope.is_empty() || rest.is_some_and(|rest| rest.starts_with('.'))
                }
                None => true,
            };
            let reads = unmatched.iter().copied().filter(|&number| {
                let tensor = self.tensor(number);
                let outside = known.rule.outside && !tensor.path.contains("emb");
                // A tensor with one entry per head may be indexed by the number of the head.
                let by_head = self.heads[symbol].is_some_and(|heads| tensor.shape.contains(&heads))
                    && tensor.plain.starts_with(&self.instance.root);
                let may_stand = !tensor.has_shape || tensor.shape.iter().any(may_stand);
                by_head || (outside || inside(tensor)) && may_stand
            });
            let reads: Vec<usize> = reads.collect();
            if known.rule.outside && self.is_read_elsewhere(symbol) {
                continue;
            }
            match reads[..] {
                [] => {}
                [weight] | [weight, _]
                    if known.rule.outside && self.is_reader(weight, &reads, size) =>
                {
                    let axes = vec![
                        AxisRef::default(),
                        AxisRef { symbol: Some(symbol), outer: Some(1), ..AxisRef::default() },
                    ];
                    self.axes.push((weight, axes, Orientation::OutputFirst));
                }
                [first, ..] => {
                    let path = self.tensor(first).path;
                    self.give_up(symbol, || format!("`{path}` may range over it"));
                }
            }
        }
    }

    /// The size of an axis that has every entry of every unit once.
    fn widest(&self, symbol: usize) -> Option<usize> {
        let heads = || {
            let of = self
                .all()
                .filter(|(s, .., axis, _, _)| *s == symbol && axis.is_open && !axis.is_shared);
            of.filter_map(|(.., axis, size, _)| Some(size / axis.outer?)).min()
        };
        self.channels[symbol].filter(|_| !self.is_of_heads(symbol)).or_else(heads)
    }

    /// Whether a tensor of the network reads a symbol without producing it.
    fn is_read_elsewhere(&self, symbol: usize) -> bool {
        self.axes.iter().any(|(_, axes, orientation)| {
            let stands = |output: bool| {
                axes.iter().enumerate().any(|(number, axis)| {
                    let role = orientation.role(number, axes.len());
                    axis.symbol == Some(symbol)
                        && (role == constinit_symmetry::Role::Output) == output
                })
            };
            stands(false) && !stands(true)
        })
    }

    /// Whether the only unmatched tensor that may range over a space is a matrix that reads it, perhaps with a bias.
    fn is_reader(&self, weight: usize, all: &[usize], size: usize) -> bool {
        let tensor = self.tensor(weight);
        let bias = |&number: &usize| self.tensor(number).module == tensor.module;
        tensor.is_read
            && all.iter().all(bias)
            && matches!(tensor.shape, &[out, inputs] if inputs == size && out != size)
    }

    /// Gives up spaces that no parameter produces or no parameter reads.
    fn check_sides(&mut self) {
        let mut sides: HashMap<usize, [bool; 2]> = HashMap::new();
        for (symbol, tensor, _, _, _, output) in self.all() {
            if self.tensor(tensor).shape.len() > 1 {
                sides.entry(self.root(symbol)).or_default()[usize::from(!output)] = true;
            }
        }
        for symbol in 0..self.instance.symbols.len() {
            let root = self.root(symbol);
            match sides.get(&root).copied().unwrap_or_default() {
                [true, true] => {}
                [false, _] => self.give_up(root, || "no parameter of the file produces it".into()),
                [true, false] => self.give_up(root, || "no parameter of the file reads it".into()),
            }
        }
    }

    fn finish(self) -> Solved {
        let mut solved = Solved::default();
        let name = |symbol: usize| &self.instance.symbols[self.root(symbol)].name;
        for (symbol, known) in self.instance.symbols.iter().enumerate() {
            let root = self.root(symbol);
            if let Some(why) = &self.wrong[root] {
                if symbol == root {
                    solved.given_up.push((known.name.clone(), why.clone()));
                }
                continue;
            }
            // A single unit has no other to compare with.
            let Some(units) = self.count(root).filter(|&units| units > 1) else { continue };
            solved.spaces.insert(name(symbol).clone(), units);
            let outside = known.rule.outside && !self.is_read_elsewhere(symbol);
            if known.rule.kept || known.is_output || outside {
                solved.kept.push(name(symbol).clone());
            }
        }
        solved.kept.sort();
        solved.kept.dedup();
        for (tensor, axes, orientation) in &self.axes {
            let written = axes.iter().zip(self.tensor(*tensor).shape).map(|(axis, &size)| {
                let Some(symbol) = axis.symbol else { return String::new() };
                let Some(&units) = solved.spaces.get(name(symbol)) else { return String::new() };
                let outer = axis.outer.unwrap_or(size / units);
                write(outer, name(symbol), size / units / outer.max(1))
            });
            solved.axes.push((*tensor, written.collect(), *orientation));
        }
        solved
    }
}

/// An axis as written in an axes file.
fn write(outer: usize, name: &str, inner: usize) -> String {
    match (outer, inner) {
        (1, 1) => name.to_owned(),
        (1, inner) => format!("{name}*{inner}"),
        (outer, 1) => format!("{outer}*{name}"),
        (outer, inner) => format!("{outer}*{name}*{inner}"),
    }
}
