//! Matches the tensors of a checkpoint with those of an architecture, and names their axes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use super::data::{Architecture, Group, Out, SpaceRule, all};
use super::pattern::{Captures, Pattern, alternatives, fill};
use super::tensors::{Part, Tensor, Tensors};
use crate::natural::natural;

/// One network of an architecture within a checkpoint.
pub(super) struct Instance {
    pub architecture: &'static Architecture,
    /// The prefix of its names.
    pub root: String,
    pub symbols: Vec<Symbol>,
    pub placed: Vec<Placed>,
}

/// A space that axes range over, before its size is known.
pub(super) struct Symbol {
    pub name: String,
    pub rule: SpaceRule,
    /// The module that contains all tensors with an axis on it; `None` if unknown.
    pub scope: Option<String>,
    /// Whether it is the output of the network.
    pub is_output: bool,
}

/// A tensor that matches the architecture.
pub(super) struct Placed {
    pub tensor: usize,
    pub axes: Vec<AxisRef>,
    pub output: Output,
}

/// Which axis is the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Always the first.
    First,
    /// The output axis of a matrix, in the order in which the file stores matrices.
    OfMatrix,
    Last,
}

/// What an axis ranges over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AxisRef {
    pub symbol: Option<usize>,
    /// The number of blocks; `None` if it follows from the shape.
    pub outer: Option<usize>,
    /// Whether the number of entries per unit follows from the shape.
    pub is_open: bool,
    /// Whether several units may share an entry.
    pub is_shared: bool,
}

/// A pattern of an architecture.
struct Compiled {
    pattern: Pattern,
    group: usize,
    at: String,
    /// Whether it is next to the root, or next to a prefix above it.
    is_beside: bool,
    kind: Kind,
    axes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Module,
    Embedding,
    Parameter,
}

struct CompiledArchitecture {
    architecture: &'static Architecture,
    requires: Vec<Pattern>,
    patterns: Vec<Compiled>,
}

fn compiled() -> &'static [CompiledArchitecture] {
    static COMPILED: OnceLock<Vec<CompiledArchitecture>> = OnceLock::new();
    COMPILED.get_or_init(|| all().iter().map(compile).collect())
}

fn compile(architecture: &'static Architecture) -> CompiledArchitecture {
    let requires = architecture.requires.iter().flat_map(|text| alternatives(text));
    let requires = requires.map(|text| Pattern::new(&text)).collect();
    let mut patterns = Vec::new();
    for (number, group) in architecture.group.iter().enumerate() {
        let modules = group.modules.iter().map(|(k, axes)| (k, Kind::Module, axes.clone()));
        let embeddings = group.embeddings.iter();
        let embeddings = embeddings.map(|(k, axis)| (k, Kind::Embedding, vec![axis.clone()]));
        let parameters = group.parameters.iter();
        let parameters = parameters.map(|(k, axes)| (k, Kind::Parameter, axes.clone()));
        for (key, kind, axes) in modules.chain(embeddings).chain(parameters) {
            let is_beside = key.starts_with("../");
            let key = key.strip_prefix("../").unwrap_or(key);
            for at in alternatives(&group.at) {
                for key in alternatives(key) {
                    patterns.push(Compiled {
                        pattern: Pattern::new(&join(&at, &key)),
                        group: number,
                        at: at.clone(),
                        is_beside,
                        kind,
                        axes: axes.clone(),
                    });
                }
            }
        }
    }
    CompiledArchitecture { architecture, requires, patterns }
}

/// Joins two names with a dot; an empty one is left out.
pub(super) fn join(before: &str, after: &str) -> String {
    match (before, after) {
        ("", name) | (name, "") => name.to_owned(),
        (before, after) => format!("{before}.{after}"),
    }
}

/// A tensor that matches a pattern.
struct Hit<'t> {
    tensor: usize,
    pattern: usize,
    captures: Captures<'t>,
}

/// All possible networks of a checkpoint: one for each root of each architecture.
pub(super) struct Candidates<'t> {
    tensors: &'t Tensors<'t>,
    /// Architecture, root, the tensors that it requires.
    all: Vec<(&'static CompiledArchitecture, &'t str, Vec<usize>)>,
    /// For every architecture, the hits by root.
    hits: HashMap<&'static str, HashMap<&'t str, Vec<Hit<'t>>>>,
}

impl<'t> Candidates<'t> {
    /// The candidates of one architecture, or of all.
    pub fn of(tensors: &'t Tensors<'t>, only: Option<&str>) -> Self {
        let mut candidates = Self { tensors, all: Vec::new(), hits: HashMap::new() };
        for known in compiled().iter().filter(|k| only.is_none_or(|o| k.architecture.name == o)) {
            candidates.add(known);
        }
        candidates
    }

    fn add(&mut self, known: &'static CompiledArchitecture) {
        let adapters = known.architecture.adapters;
        let mut roots: BTreeMap<&'t str, Vec<usize>> = BTreeMap::new();
        let mut hits: HashMap<&'t str, Vec<Hit<'t>>> = HashMap::new();
        for (number, tensor) in self.tensors.all.iter().enumerate() {
            if adapters && !matches!(tensor.part, Part::Down(_) | Part::Up(_)) {
                continue;
            }
            for required in &known.requires {
                let ends = required.ends(&tensor.module).or_else(|| required.ends(&tensor.plain));
                if let Some((root, _)) = ends {
                    roots.entry(root).or_default().push(number);
                }
            }
            for (pattern, compiled) in known.patterns.iter().enumerate() {
                let name = match compiled.kind {
                    Kind::Parameter => &tensor.plain,
                    _ if tensor.part == Part::Other => continue,
                    _ => &tensor.module,
                };
                if let Some((root, captures)) = compiled.pattern.ends(name) {
                    hits.entry(root).or_default().push(Hit { tensor: number, pattern, captures });
                }
            }
        }
        if roots.is_empty() {
            return;
        }
        self.all.extend(roots.into_iter().map(|(root, required)| (known, root, required)));
        self.hits.insert(&known.architecture.name, hits);
    }

    /// The networks of the checkpoint. The candidate that matches most tensors comes first, and claims them; later
    /// candidates get the remaining tensors. `keep` decides whether a network is used.
    pub fn choose(&self, late: bool, mut keep: impl FnMut(&Instance) -> bool) -> Vec<Instance> {
        let mut open: Vec<usize> = (0..self.all.len()).collect();
        let late_of = |number: &usize| self.all[*number].0.architecture.late;
        open.retain(|number| late || !late_of(number));
        let none = HashSet::new();
        let size = |number: usize| self.instance(number, &none).map_or(0, |i| i.placed.len());
        let mut open: Vec<(usize, usize)> = open.into_iter().map(|n| (size(n), n)).collect();
        // Architectures with ambiguous names come last, however many tensors they match.
        open.sort_by_key(|&(size, n)| (late_of(&n), std::cmp::Reverse(size), n));
        let mut claimed = HashSet::new();
        let mut chosen = Vec::new();
        for (_, number) in open {
            if let Some(instance) = self.instance(number, &claimed).filter(|i| keep(i)) {
                claimed.extend(instance.placed.iter().map(|placed| placed.tensor));
                chosen.push(instance);
            }
        }
        chosen
    }

    /// The network at a root, from tensors that are not claimed. `None` if all tensors that it requires are claimed.
    fn instance(&self, number: usize, claimed: &HashSet<usize>) -> Option<Instance> {
        let &(known, root, ref required) = &self.all[number];
        if required.iter().all(|tensor| claimed.contains(tensor)) {
            return None;
        }
        let hits = self.hits.get(known.architecture.name.as_str())?;
        let own = hits.get(root).into_iter().flatten();
        let dots = root.char_indices().filter(|(_, c)| *c == '.').map(|(at, _)| &root[..at]);
        let above =
            dots.chain((!root.is_empty()).then_some("")).filter_map(|above| hits.get(above));
        let beside = above.flatten().filter(|hit| known.patterns[hit.pattern].is_beside);
        let mut seen = HashSet::new();
        let mut builder = Builder {
            tensors: self.tensors,
            known,
            root,
            ids: HashMap::new(),
            instance: Instance {
                architecture: known.architecture,
                root: root.to_owned(),
                symbols: Vec::new(),
                placed: Vec::new(),
            },
        };
        let mut found = Vec::new();
        for hit in own.chain(beside) {
            if !claimed.contains(&hit.tensor)
                && let Some(at) = builder.fits(hit)
                && seen.insert(hit.tensor)
            {
                found.push((hit, at));
            }
        }
        builder.place(&found);
        Some(builder.instance)
    }
}

struct Builder<'b> {
    tensors: &'b Tensors<'b>,
    known: &'static CompiledArchitecture,
    root: &'b str,
    ids: HashMap<String, usize>,
    instance: Instance,
}

/// The spaces that `in` and `out` are at one place of a sequence.
#[derive(Clone, Copy, Default)]
struct Stream {
    from: Option<usize>,
    to: Option<usize>,
}

impl<'b> Builder<'b> {
    fn group(&self, hit: &Hit<'_>) -> &'static Group {
        &self.known.architecture.group[self.known.patterns[hit.pattern].group]
    }

    /// The path of the group of a hit; `None` if the conditions of the group are not met.
    fn fits(&self, hit: &Hit<'_>) -> Option<String> {
        let group = self.group(hit);
        let at = fill(&self.known.patterns[hit.pattern].at, &hit.captures)?;
        let has = |name: &String| self.tensors.has(&join(&join(self.root, &at), name));
        if !group.has.iter().all(has) || group.lacks.iter().any(has) {
            return None;
        }
        let tensor = &self.tensors.all[hit.tensor];
        if let Some([least, most]) = group.rank {
            let rank = self.tensors.rank(&tensor.module)?;
            (least..=most).contains(&rank).then_some(())?;
        }
        Some(at)
    }

    fn place(&mut self, found: &[(&Hit<'_>, String)]) {
        let mut sequence: Vec<(usize, &str, usize)> = Vec::new();
        let mut weights: HashMap<(&str, usize), Vec<&Hit<'_>>> = HashMap::new();
        for (hit, at) in found {
            let at = at.as_str();
            if let Some(stage) = self.group(hit).stage {
                let group = self.known.patterns[hit.pattern].group;
                let hits = weights.entry((at, group)).or_default();
                if hits.is_empty() {
                    sequence.push((stage, at, group));
                }
                hits.push(hit);
            }
        }
        sequence.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| natural(a.1, b.1)).then(a.2.cmp(&b.2)));
        let mut streams: HashMap<(&str, usize), Stream> = HashMap::new();
        let (mut current, mut size) = (None, None);
        for (number, &(_, at, group)) in sequence.iter().enumerate() {
            let hits = &weights[&(at, group)];
            let is_last = number + 1 == sequence.len();
            let (next, new_size) = self.next((at, group, is_last), hits, (current, size));
            streams.insert((at, group), Stream { from: current, to: next });
            (current, size) = (next, new_size);
        }
        if let Some(last) = current {
            self.instance.symbols[last].is_output = true;
        }
        for (hit, at) in found {
            let group = self.known.patterns[hit.pattern].group;
            let stream = streams.get(&(at.as_str(), group)).copied().unwrap_or_default();
            if let Some(placed) = self.axes(hit, at, stream) {
                self.instance.placed.push(placed);
            }
        }
    }

    /// The space of the outputs of a group in a sequence, and its size.
    fn next(
        &mut self,
        (at, group, is_last): (&str, usize, bool),
        hits: &[&Hit<'_>],
        (from, size): (Option<usize>, Option<usize>),
    ) -> (Option<usize>, Option<usize>) {
        let makes = |hit: &&&Hit<'_>| {
            let first = self.known.patterns[hit.pattern].axes.first();
            let tensor = &self.tensors.all[hit.tensor];
            let is_weight = tensor.part == Part::Weight && tensor.shape.len() > 1;
            is_weight && first.is_some_and(|axis| axis == "out")
        };
        let made = hits.iter().find(&makes).map(|hit| self.tensors.all[hit.tensor].shape);
        let made = made.and_then(|shape| shape.first().copied()).or(size);
        let joined = match &self.known.architecture.group[group].out {
            Out::NewUnlessLast if is_last => return (None, None),
            Out::New | Out::NewUnlessLast => false,
            Out::In => true,
            Out::InWhereSizesAgree => size == made,
            Out::InUnless(name) => !self.tensors.has(&join(&join(self.root, at), name)),
            Out::Fixed => return (None, None),
        };
        match from {
            Some(from) if joined => (Some(from), size),
            // The space of the outputs is named after the path of the group, or after the module that produces it.
            _ => {
                let maker = hits.iter().find(makes).map_or("", |hit| self.local(hit.tensor));
                let local = if at.is_empty() { maker } else { at };
                (Some(self.symbol(local, SpaceRule::default(), None)), made)
            }
        }
    }

    /// The module of a tensor, without the root.
    fn local(&self, tensor: usize) -> &'b str {
        let module = self.tensors.all[tensor].module.as_str();
        module.strip_prefix(self.root).unwrap_or(module).trim_start_matches('.')
    }

    fn symbol(&mut self, local: &str, rule: SpaceRule, scope: Option<String>) -> usize {
        if let Some(&id) = self.ids.get(local) {
            return id;
        }
        let name = match join(self.root, local) {
            name if name.is_empty() => self.known.architecture.name.clone(),
            name => name,
        };
        let id = self.instance.symbols.len();
        self.instance.symbols.push(Symbol { name, rule, scope, is_output: false });
        self.ids.insert(local.to_owned(), id);
        id
    }

    /// The axes of a tensor by its shape; `None` if the shape does not fit the pattern.
    fn axes(&mut self, hit: &Hit<'_>, at: &str, stream: Stream) -> Option<Placed> {
        let compiled = &self.known.patterns[hit.pattern];
        let tensor: &Tensor<'_> = &self.tensors.all[hit.tensor];
        let rank = tensor.shape.len();
        let mut named: Vec<AxisRef> = Vec::new();
        for text in &compiled.axes {
            named.push(self.axis(text, hit, at, stream));
        }
        let first = || named.first().cloned().unwrap_or_default();
        let fixed = AxisRef::default;
        let (mut axes, output) = match (compiled.kind, &tensor.part) {
            (_, Part::Down(pair)) => {
                let inputs = named.get(1).cloned().unwrap_or_default();
                (vec![self.pair(tensor, pair), inputs], Output::First)
            }
            (_, Part::Up(pair)) => (vec![first(), self.pair(tensor, pair)], Output::First),
            (Kind::Embedding, Part::Weight) if rank > 0 => {
                let mut axes = vec![fixed(); rank - 1];
                axes.push(first());
                (axes, Output::Last)
            }
            (Kind::Module, Part::Weight) if rank == 1 => (vec![first()], Output::First),
            (Kind::Module, Part::Weight) if rank == 2 => (named, Output::OfMatrix),
            (Kind::Module, Part::Weight) => (named, Output::First),
            (Kind::Module | Kind::Embedding, Part::Vector) if rank == 1 => {
                (vec![first()], Output::First)
            }
            (Kind::Parameter, _) if compiled.axes.last().is_some_and(|a| a.ends_with('!')) => {
                (named, Output::Last)
            }
            (Kind::Parameter, _) => (named, Output::First),
            _ => return None,
        };
        if axes.len() > rank {
            return None;
        }
        axes.resize(rank, fixed());
        Some(Placed { tensor: hit.tensor, axes, output })
    }

    /// The space of a low-rank pair.
    fn pair(&mut self, tensor: &Tensor<'_>, pair: &str) -> AxisRef {
        let local = tensor.module.strip_prefix(self.root).unwrap_or(&tensor.module);
        let local = join(local.trim_start_matches('.'), "lora");
        // The product of the two is divided by their rank, so the units are never merged.
        let rule = SpaceRule { kept: true, ..SpaceRule::default() };
        let scope = join(&tensor.module, "lora");
        let symbol = self.symbol(&join(&local, pair), rule, Some(scope));
        AxisRef { symbol: Some(symbol), outer: Some(1), ..AxisRef::default() }
    }

    /// Parses an axis of an architecture.
    fn axis(&mut self, text: &str, hit: &Hit<'_>, at: &str, stream: Stream) -> AxisRef {
        let text = text.trim_end_matches('!');
        let (is_shared, text) = text.strip_prefix('~').map_or((false, text), |text| (true, text));
        let (text, is_open) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
        let (outer, name) = match text.split_once('*') {
            Some(("", name)) => (None, name),
            Some((outer, name)) => (outer.parse().ok(), name),
            None => (Some(1), text),
        };
        let symbol = match name {
            "" => None,
            "in" => stream.from,
            "out" => stream.to,
            name => self.named(name, hit, at),
        };
        AxisRef { symbol, outer, is_open, is_shared }
    }

    fn named(&mut self, name: &str, hit: &Hit<'_>, at: &str) -> Option<usize> {
        let mut captures = hit.captures.clone();
        captures.push(("at".to_owned(), at));
        let local = fill(name, &captures)?.trim_start_matches('.').to_owned();
        let rule = self.known.architecture.spaces.get(name).cloned().unwrap_or_default();
        let whole = join(self.root, &local);
        let scope = name.contains('{').then(|| match name.starts_with("{at}") {
            true if !self.tensors.has(&whole) => join(self.root, at),
            _ => whole,
        });
        Some(self.symbol(&local, rule, scope))
    }
}
