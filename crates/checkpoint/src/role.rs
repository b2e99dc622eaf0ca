//! Whether a tensor belongs to the model, to an optimizer or to a moving average, by its name.
//!
//! ```text
//! model.0.weight                        the model's
//! optimizer.state.0.exp_avg             an optimizer's, at `optimizer.state`
//! state.0.step  beside  state.0.exp_avg an optimizer's: one of its neighbours is a moment
//! model_ema.0.weight                    a moving average of the model's
//! ```

use std::collections::{BTreeMap, BTreeSet, HashSet};

use constinit_records::inspection::TensorRole;

/// The names that optimizers of PyTorch, JAX and Burn give to their state of a parameter. No layer has parameters of
/// these names.
const SLOTS: [&str; 30] = [
    "exp_avg",
    "exp_avg_sq",
    "exp_avg_sq_row",
    "exp_avg_sq_col",
    "max_exp_avg_sq",
    "exp_avg_diff",
    "exp_avg_slow",
    "exp_avg_lr_1",
    "exp_avg_lr_2",
    "exp_avgs",
    "exp_avg_sqs",
    "exp_inf",
    "momentum_buffer",
    "momentum_cache",
    "square_avg",
    "square_avgs",
    "grad_avg",
    "acc_delta",
    "acc_deltas",
    "mu_product",
    "neg_grad_or_diff",
    "slow_buffer",
    "slow_param",
    "prev_grad",
    "moment_1",
    "moment_2",
    "max_moment_2",
    "fp32_from_fp16",
    "fp32_groups",
    "master_params",
];

/// Names of an optimizer's state that layers have, too. They count only within the state of a parameter:
/// `state.0.step`.
const SLOTS_IN_STATE: [&str; 9] =
    ["step", "sum", "prev", "eta", "ax", "step_size", "row_var", "col_var", "state_sum"];

/// The names that Burn's optimizers use within `momentum`.
const SLOTS_IN_MOMENTUM: [&str; 2] = ["velocity", "buf"];

/// The roles of the tensors of a checkpoint that are not the model's.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    by_path: BTreeMap<String, (TensorRole, String)>,
    notes: Vec<String>,
}

impl Roles {
    pub fn new<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Self {
        // A tensor next to a moment belongs to the state of the same parameter, whatever its name.
        let parent = |path: &'p str| path.rsplit_once('.').map(|(parent, _)| parent);
        let known = paths.clone().filter(|path| optimizer(path).is_some()).filter_map(parent);
        let states: HashSet<&str> = known.filter(|parent| place(parent).is_some()).collect();
        let has_student = paths.clone().any(|path| segments(path).any(|s| s == "student"));
        let mut by_path = BTreeMap::new();
        for path in paths.clone() {
            let beside = || {
                let state = parent(path).filter(|parent| states.contains(parent))?;
                Some(place(state).unwrap_or(state).to_owned())
            };
            let found = match optimizer(path).map(str::to_owned).or_else(beside) {
                Some(at) => Some((TensorRole::Optimizer, at)),
                None => average(path, has_student).map(|at| (TensorRole::Average, at.to_owned())),
            };
            by_path.extend(found.map(|found| (path.to_owned(), found)));
        }
        let mut roles = Self { by_path, notes: Vec::new() };
        roles.notes = roles.averages().into_iter().chain(wrappers(paths)).collect();
        roles
    }

    /// The role of the tensor of this path.
    pub fn of(&self, path: &str) -> TensorRole {
        self.by_path.get(path).map_or(TensorRole::Model, |(role, _)| *role)
    }

    /// The name under which an optimizer's tensor is stored, without the segments that distinguish it from its
    /// neighbours.
    pub fn place(&self, path: &str) -> Option<&str> {
        self.by_path.get(path).map(|(_, at)| at.as_str())
    }

    /// Notes on the names.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A note on the tensors that are moving averages.
    fn averages(&self) -> Option<String> {
        let all = self.by_path.values().filter(|(role, _)| *role == TensorRole::Average);
        let names: BTreeSet<&str> = all.clone().map(|(_, at)| at.as_str()).collect();
        let named: Vec<String> = names.iter().take(3).map(|name| format!("`{name}.`")).collect();
        (!names.is_empty()).then(|| {
            let (count, more) = (all.count(), names.len() - named.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(
                "moving averages of the model (EMA): {count} tensor{} under {}{more}",
                if count == 1 { "" } else { "s" },
                named.join(", ")
            )
        })
    }
}

/// Notes on segments of names that wrappers added.
fn wrappers<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Vec<String> {
    let of = |wrapper: &str, who: &str| {
        let has = |path: &&str| containers(path).any(|segment| segment == wrapper);
        let count = paths.clone().filter(has).count();
        let plural = if count == 1 { "name has" } else { "names have" };
        (count > 0).then(|| format!("{count} {plural} the segment `{wrapper}.`, which {who} adds"))
    };
    WRAPPERS.iter().filter_map(|(wrapper, who)| of(wrapper, who)).collect()
}

/// Segments that wrap a module, and what adds them.
const WRAPPERS: [(&str, &str); 4] = [
    ("module", "DataParallel or DistributedDataParallel"),
    ("_orig_mod", "torch.compile"),
    ("_fsdp_wrapped_module", "FullyShardedDataParallel"),
    ("_checkpoint_wrapped_module", "activation checkpointing"),
];

/// A name without the segments of wrappers; `None` if it has none.
pub(crate) fn unwrapped(path: &str) -> Option<String> {
    let is_wrapper = |segment: &str| WRAPPERS.iter().any(|(wrapper, _)| *wrapper == segment);
    let kept: Vec<&str> = segments(path).filter(|segment| !is_wrapper(segment)).collect();
    let has = containers(path).any(is_wrapper) && !kept.is_empty();
    has.then(|| kept.join("."))
}

fn segments(path: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    path.split('.')
}

/// All segments but the last: the containers of a tensor.
fn containers(path: &str) -> impl Iterator<Item = &str> + Clone {
    segments(path.rsplit_once('.').map_or("", |(before, _)| before))
}

/// The name under which an optimizer's tensor is stored; `None` for any other tensor.
fn optimizer(path: &str) -> Option<&str> {
    let mut end = 0;
    let mut before = "";
    for (number, segment) in segments(path).enumerate() {
        let start = end;
        end += segment.len();
        let is_last = end == path.len();
        let rest = &path[(end + 1).min(path.len())..];
        let next = rest.split('.').next().unwrap_or_default();
        if !is_last && is_optimizer(segment, number, next) {
            // `optimizer.state` if the states of parameters follow.
            let end = if next == "state" && rest.len() > next.len() { end + 6 } else { end };
            return Some(&path[..end]);
        }
        if SLOTS.contains(&segment) {
            return Some(place(&path[..start.saturating_sub(1)]).unwrap_or(segment));
        }
        let within = |of: &str| before == of;
        if is_last
            && (SLOTS_IN_STATE.contains(&segment) && is_in_state(&path[..start])
                || SLOTS_IN_MOMENTUM.contains(&segment) && within("momentum"))
        {
            return Some(place(&path[..start.saturating_sub(1)]).unwrap_or(segment));
        }
        before = segment;
        end += 1;
    }
    None
}

/// Whether a name ends with `state.NUMBER.`.
fn is_in_state(before: &str) -> bool {
    let mut from_the_end = before.trim_end_matches('.').rsplit('.');
    let number = from_the_end.next().is_some_and(is_number);
    number && from_the_end.next() == Some("state")
}

fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// The container of the states of all parameters, from the name of one state.
fn place(state: &str) -> Option<&str> {
    let mut end = 0;
    for segment in segments(state) {
        end += segment.len();
        match segment {
            "state" if end < state.len() => return Some(&state[..end]),
            "momentum" if end == state.len() => return Some(segment),
            _ => end += 1,
        }
    }
    None
}

/// Whether the tensors under a segment belong to an optimizer: `optimizer`, `optim_state`, `optimizer_G`,
/// `disc_optimizer`, `opt_state`, `lr_schedulers`.
fn is_optimizer(segment: &str, number: usize, next: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(['_', '-']).collect();
    let is_word = |word: &str| {
        let rest = ["optimizer", "optimiser", "optim"].iter().find_map(|o| word.strip_prefix(o));
        // `optimizers`, `optimizer2`, `optimizerG`; but not `optimization`.
        rest.is_some_and(|rest| matches!(rest, "" | "s" | "g" | "d") || is_number(rest))
    };
    let of_model = number > 0 && !matches!(next, "state" | "param_groups" | "0");
    match words[..] {
        // Within a model, this name could mean anything.
        ["opt"] => matches!(next, "state" | "param_groups"),
        ["opt", "state", ..] => true,
        ["scheduler" | "schedulers"] => number == 0,
        ["lr", "scheduler" | "schedulers", ..] => true,
        [first, ..] if is_word(first) => !of_model || words.len() == 1 || words.contains(&"state"),
        _ => words.iter().any(|word| is_word(word)) && !of_model,
    }
}

/// The name of the moving average that contains a tensor: `model_ema`, `ema`; also `teacher`, if there is a student.
fn average(path: &str, has_student: bool) -> Option<&str> {
    let mut end = 0;
    for segment in containers(path).take(2) {
        end += segment.len();
        let lower = segment.to_ascii_lowercase();
        let mut words = lower.split(['_', '-']);
        let named = words.any(|word| matches!(word, "ema" | "swa" | "averaged"));
        if named || lower == "shadow_params" || (has_student && lower == "teacher") {
            return Some(&path[..end]);
        }
        end += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(paths: &[&str]) -> Vec<(TensorRole, Option<String>)> {
        let roles = Roles::new(paths.iter().copied());
        paths.iter().map(|path| (roles.of(path), roles.place(path).map(str::to_owned))).collect()
    }

    #[test]
    fn state_of_optimizers_lies_in_these_places() {
        for (path, at) in [
            ("optimizer.state.0.exp_avg", "optimizer.state"),
            ("optimizer.state.0.step", "optimizer.state"),
            ("optimizer_states.0.state.12.exp_avg_sq", "optimizer_states"),
            ("optimizer_state_dict.state.0.momentum_buffer", "optimizer_state_dict.state"),
            ("optimizer_G.state.0.sum", "optimizer_G.state"),
            ("optimizerD.state.0.sum", "optimizerD.state"),
            ("disc_optimizer.state.3.square_avg", "disc_optimizer.state"),
            ("optim.state.fc.weight.exp_avg", "optim.state"),
            ("trainer.optimizer.state.0.acc_delta", "trainer.optimizer.state"),
            ("opt_state.0.mu.fc.kernel", "opt_state"),
            ("opt.state.0.step", "opt.state"),
            ("state.0.exp_avg", "state"),
            ("state.0.sum", "state"),
            ("state.fc.weight.max_exp_avg_sq", "state"),
            ("exp_avg.fc.weight", "exp_avg"),
            ("9Q2.momentum.moment_1", "momentum"),
            ("9Q2.momentum.velocity", "momentum"),
            ("lr_schedulers.0.base", "lr_schedulers"),
        ] {
            let expected = (TensorRole::Optimizer, Some(at.to_owned()));
            assert_eq!(roles(&[path]), [expected], "{path}");
        }
        // Unknown names of an optimizer's state next to known ones.
        let own = roles(&["state.w.exp_avg", "state.w.gain", "state.v.gain"]);
        let beside = roles(&["state.0.step", "state.0.mu", "fc.momentum_buffer", "fc.weight"]);
        let found: Vec<TensorRole> = beside.into_iter().map(|(role, _)| role).collect();
        use TensorRole::{Model, Optimizer};
        assert_eq!(found, [Optimizer, Optimizer, Optimizer, Model]);
        assert_eq!(own[1], (TensorRole::Optimizer, Some("state".into())));
        assert_eq!(own[2].0, TensorRole::Model);
    }

    #[test]
    fn parameters_with_such_names_are_the_model_s() {
        for path in [
            "model.0.weight",
            "opt.decoder.layers.0.weight",
            "model.optimization.weight",
            "optimizer",
            "blocks.0.step.weight",
            "scaler.mean",
            "net.scheduler.weight",
            "state.weight",
            "quantize.ema_w",
            "schema.0.weight",
            "teacher.fc.weight",
            "sum",
            "step",
        ] {
            assert_eq!(roles(&[path]), [(TensorRole::Model, None)], "{path}");
        }
    }

    #[test]
    fn moving_averages_and_wrappers_are_named() {
        let paths = [
            "model.fc.weight",
            "model_ema.fc.weight",
            "state_dict_ema.fc.weight",
            "trainer.ema_model.fc.weight",
            "student.w",
            "teacher.w",
        ];
        let found: Vec<TensorRole> = roles(&paths).into_iter().map(|(role, _)| role).collect();
        use TensorRole::{Average, Model};
        assert_eq!(found, [Model, Average, Average, Average, Model, Average]);
        assert_eq!(
            Roles::new(paths.into_iter()).notes(),
            [
                "moving averages of the model (EMA): 4 tensors under `model_ema.`, `state_dict_ema.`, `teacher.` and 1 more"
            ]
        );
        let paths = ["_orig_mod.module.fc.weight", "_orig_mod.module.fc.bias", "module"];
        assert_eq!(
            Roles::new(paths.into_iter()).notes(),
            [
                "2 names have the segment `module.`, which DataParallel or DistributedDataParallel adds",
                "2 names have the segment `_orig_mod.`, which torch.compile adds"
            ]
        );
        assert_eq!(unwrapped("_orig_mod.module.fc.weight").as_deref(), Some("fc.weight"));
        assert_eq!((unwrapped("fc.weight"), unwrapped("module")), (None, None));
    }
}
