//! The starts that can be compared, by their names on the command line.

use crate::breaks;
use crate::config::RunConfig;
use crate::failure::Failure;
use crate::plan;
use crate::suggest;
use constinit::PerceptronStart;
use constinit::init::{Init, InitPlan, InitRule};
use constinit_core::{Error, LayerInit};
use std::collections::HashSet;
use toml::{Table, Value};

/// The name of the start that the configuration has.
const CONFIGURATION: &str = "configuration";

/// Initialisers that are made of others, or that need more than a command line can hold.
const OF_RULES: [&str; 5] = ["scaled", "sum", "symmetrised", "file", "burn"];

/// A start, as named on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedStart {
    /// As the user wrote it.
    pub name: String,
    base: Base,
    added: Vec<Added>,
}

#[derive(Clone, Debug, PartialEq)]
enum Base {
    /// The start of the configuration, with its rules.
    Configuration,
    /// A start that a configuration can name, with the configuration's constants.
    Start(PerceptronStart),
    /// An initialiser for all weights.
    Weights(Init),
}

#[derive(Clone, Debug, PartialEq)]
enum Added {
    /// Added to every parameter.
    Noise(Init),
    /// Added to every weight.
    ToWeights(Init),
}

impl ComparedStart {
    /// The start of a configuration: named `configuration` if the configuration has rules, otherwise by its own name.
    pub fn of_configuration(config: &RunConfig) -> Self {
        match config.init.is_empty() {
            true => Self::plain(config.model.start),
            false => {
                let base = Base::Configuration;
                Self { name: CONFIGURATION.to_owned(), base, added: Vec::new() }
            }
        }
    }

    /// A start that a configuration can name, without additions.
    pub fn plain(start: PerceptronStart) -> Self {
        Self { name: start.name().to_owned(), base: Base::Start(start), added: Vec::new() }
    }

    /// Reads `NAME`, `NAME:KEY=VALUE,...`, and either with additions, `+noise=STD` or `+NAME`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let refused = |reason: String| Failure::usage(format!("--start {text}: {reason}"));
        let mut terms = terms(text).into_iter();
        let base = base(terms.next().unwrap_or_default()).map_err(refused)?;
        let added = terms.map(added).collect::<Result<_, _>>().map_err(refused)?;
        Ok(Self { name: text.to_owned(), base, added })
    }

    /// The start in words, for a configuration that has it.
    pub fn meaning(&self, config: &RunConfig) -> String {
        let model = &config.model;
        let mut meaning = match &self.base {
            Base::Configuration => match config.init.len() {
                0 => model.start.meaning(model.init_w, model.init_b, model.bias),
                // With additions, there is a rule for each parameter.
                _ if !self.added.is_empty() => "the configuration's own".to_owned(),
                _ => format!("the rules of [[init]]; {} for other parameters", model.start.name()),
            },
            Base::Start(start) => start.meaning(model.init_w, model.init_b, model.bias),
            Base::Weights(init) if model.bias => format!("weights {}, biases 0", init.name()),
            Base::Weights(init) => format!("weights {}", init.name()),
        };
        for added in &self.added {
            match added {
                Added::Noise(Init::Normal { std, .. }) => {
                    meaning += &format!("; noise {std:?}");
                }
                Added::Noise(init) | Added::ToWeights(init) => {
                    meaning += &format!("; plus {}", init.name());
                }
            }
        }
        meaning
    }

    /// The configuration with this start instead of the one that it has.
    pub fn of(&self, config: &RunConfig) -> Result<RunConfig, Failure> {
        let mut config = config.clone();
        match &self.base {
            Base::Configuration => {}
            Base::Start(start) => {
                config.model.start = *start;
                config.init.clear();
            }
            Base::Weights(init) => {
                let layer = LayerInit { weight: init.clone(), bias: Init::Zeros };
                let layers = vec![layer; config.model.layer_dims.len().saturating_sub(1)];
                config.init = plan::rules_of_layers(layers, config.model.bias);
            }
        }
        let refused = |error: Error| Failure::usage(format!("--start {}: {error}", self.name));
        plan::check(&config).map_err(refused)?;
        if !self.added.is_empty() {
            config.init = self.summed(&config).map_err(refused)?;
            plan::check(&config).map_err(refused)?;
        }
        Ok(config)
    }

    /// A rule for each parameter: the initialiser that it has without additions, plus the additions.
    fn summed(&self, config: &RunConfig) -> Result<Vec<InitRule>, Error> {
        let (plan, spec) = (plan::plan(config), plan::spec(config)?);
        let assigned = plan.check(&spec).map_err(plan::usage)?;
        let rule = |(param, number): (&str, Option<usize>), is_weight: bool| {
            let InitRule { init, orientation, .. } = &plan.rules[number?];
            let added = self.added.iter().filter_map(|added| match added {
                Added::Noise(init) => Some(init),
                Added::ToWeights(init) => is_weight.then_some(init),
            });
            let init = added.fold(init.clone(), |sum, added| sum.plus(added.clone()));
            Some(InitRule { orientation: *orientation, ..InitRule::glob(param, init) })
        };
        let params = spec.params().iter().zip(assigned);
        let rules = params
            .filter_map(|(param, number)| rule((param.path(), number), param.shape().len() > 1));
        Ok(rules.collect())
    }
}

/// Refuses starts that are named twice.
pub fn check_distinct(starts: &[ComparedStart]) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    match starts.iter().find(|start| !seen.insert(&start.name)) {
        Some(start) => Err(Failure::usage(format!("--start {}: named twice", start.name))),
        None => Ok(()),
    }
}

/// Whether the result of a configuration depends on a seed: through its start, or through what breaks its symmetry.
pub fn is_random(config: &RunConfig) -> Result<bool, Failure> {
    if breaks::are_random(config) {
        return Ok(true);
    }
    let (plan, spec) = (plan::plan(config), plan::spec(config)?);
    let InitPlan { rules, .. } = &plan;
    let assigned = plan.check(&spec).map_err(plan::usage)?;
    Ok(assigned.into_iter().flatten().any(|number| rules[number].init.is_random()))
}

/// The terms between plus signs. The plus sign of a number such as 1e+3 does not separate terms.
fn terms(text: &str) -> Vec<&str> {
    let is_between = |(at, _): &(usize, &str)| {
        !text[at + 1..].trim_start().starts_with(|c: char| c.is_ascii_digit())
    };
    let mut terms = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices('+').filter(is_between) {
        terms.push(text[from..at].trim());
        from = at + 1;
    }
    terms.push(text[from..].trim());
    terms
}

fn base(term: &str) -> Result<Base, String> {
    if term == CONFIGURATION {
        return Ok(Base::Configuration);
    }
    if let Some(start) = PerceptronStart::ALL.into_iter().find(|start| start.name() == term) {
        return Ok(Base::Start(start));
    }
    if term.starts_with("noise=") {
        return Err(format!("{term} needs a start to add to, such as zeros+{term}"));
    }
    initialiser(term).map(Base::Weights)
}

fn added(term: &str) -> Result<Added, String> {
    if term == "noise" {
        return Err("noise needs a standard deviation, such as noise=0.01".to_owned());
    }
    let Some(std) = term.strip_prefix("noise=") else {
        return initialiser(term).map(Added::ToWeights);
    };
    match std.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => {
            Ok(Added::Noise(Init::normal(0.0, number)))
        }
        _ => Err(format!("noise={std}: a standard deviation must be a finite number, 0 or more")),
    }
}

/// An initialiser by name, with the settings after a colon.
fn initialiser(term: &str) -> Result<Init, String> {
    let (name, settings) = term.split_once(':').unwrap_or((term, ""));
    let name = name.trim();
    let mut table = Table::new();
    table.insert("type".to_owned(), name.into());
    for setting in settings_of(settings) {
        let (key, value) = setting.split_once('=').ok_or_else(|| {
            format!("{setting}: write a setting as KEY=VALUE, as in normal:std=0.1")
        })?;
        let key = key.trim();
        if table.insert(key.to_owned(), value_of(value.trim())).is_some() {
            return Err(format!("{key}: named twice"));
        }
    }
    table.try_into().map_err(|error: toml::de::Error| explained(name, error.message()))
}

/// Splits settings at commas. Commas inside lists do not separate settings.
fn settings_of(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A TOML value; words need no quotes.
fn value_of(text: &str) -> Value {
    let table: Result<Table, _> = toml::from_str(&format!("value = {text}"));
    let value = table.ok().and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Why a name with its settings is not an initialiser, and what to do.
fn explained(name: &str, message: &str) -> String {
    if message.contains("unknown variant") && message.contains(&format!("`{name}`")) {
        let known = message.split('`').skip(3).step_by(2);
        let known = known.filter(|known| !known.contains('_') && !OF_RULES.contains(known));
        let starts = PerceptronStart::ALL.map(PerceptronStart::name);
        let mut all: Vec<&str> = starts.into_iter().chain([CONFIGURATION]).collect();
        all.extend(known.filter(|known| !starts.contains(known)));
        return match suggest::nearest(name, all.iter().copied()) {
            Some(nearest) => format!("unknown start; did you mean `{nearest}`?"),
            None => format!("unknown start; the starts are {}", all.join(", ")),
        };
    }
    if OF_RULES.contains(&name) {
        return format!(
            "{name} needs settings that a word cannot give: write it as an [[init]] rule and compare `{CONFIGURATION}`"
        );
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        let field = missing.split('`').nth(1).unwrap_or(missing);
        return format!("`{field}` is missing; settings follow a colon: {name}:{field}=...");
    }
    match suggest::known_name(message) {
        Some(known) => format!("{}; did you mean `{known}`?", message.trim_end()),
        None => message.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaks::{BreakConfig, DropoutShares};
    use constinit::init::{Fan, Nonlinearity};

    fn config(text: &str) -> RunConfig {
        let base = "[model]\nlayer_dims = [3, 4, 2]\ninit_w = 0.1\n[data]\n";
        RunConfig::parse(&format!("{base}{text}"), "run.toml").unwrap()
    }

    fn init_of(start: &str, path: &str) -> Init {
        let config = ComparedStart::parse(start).unwrap().of(&config("")).unwrap();
        let rules = plan::plan(&config).rules;
        let found = rules.iter().find(|rule| rule.path.as_deref() == Some(path));
        found.unwrap().init.clone()
    }

    #[test]
    fn a_start_is_said_in_words() {
        for (start, words) in [
            ("constant", "every weight 0.1, every bias 0.5"),
            ("xavier", "weights xavier, biases 0"),
            ("constant+noise=0.01", "every weight 0.1, every bias 0.5; noise 0.01"),
            ("zeros+lecun", "every weight 0, every bias 0; plus lecun"),
            ("configuration", "linear1.weight 0.1 + j for input j, later weights 0.1, biases 0.5"),
        ] {
            let start = ComparedStart::parse(start).unwrap();
            assert_eq!(start.meaning(&start.of(&config("")).unwrap()), words);
        }
    }

    fn refused(start: &str) -> String {
        let made = ComparedStart::parse(start).and_then(|start| start.of(&config("")));
        made.unwrap_err().to_string()
    }

    #[test]
    fn names_are_starts_and_initialisers() {
        assert_eq!(init_of("constant", "linear1.weight"), Init::constant(0.1));
        assert_eq!(init_of("constant", "linear2.bias"), Init::constant(0.5));
        assert_eq!(init_of("ramp", "linear1.weight"), Init::InputRamp { start: 0.1, step: 1.0 });
        let uniform = Init::uniform(-0.5, 0.5);
        assert_eq!(init_of("random", "linear2.bias"), uniform);
        assert_eq!(init_of("ones", "linear2.weight"), Init::Ones);
        assert_eq!(init_of("ones", "linear2.bias"), Init::Zeros);
        assert_eq!(init_of("normal:std=0.1", "linear1.weight"), Init::normal(0.0, 0.1));
        let values = Init::PerInput { values: vec![1.0, 2.5, 3.0] };
        let sum = ComparedStart::parse("per-input:values=[1, 2.5, 3]").unwrap();
        assert_eq!(sum.base, Base::Weights(values));
        let Init::Kaiming { nonlinearity, fan, .. } =
            init_of("kaiming:fan=fan-out,nonlinearity=tanh", "linear1.weight")
        else {
            panic!("kaiming")
        };
        assert_eq!((nonlinearity, fan), (Nonlinearity::Tanh, Fan::FanOut));
    }

    #[test]
    fn additions_reach_every_parameter_or_every_weight() {
        let noise = Init::normal(0.0, 0.01);
        for (path, base) in
            [("linear1.weight", Init::constant(0.1)), ("linear2.bias", Init::constant(0.5))]
        {
            assert_eq!(init_of("constant+noise=0.01", path), base.plus(noise.clone()));
        }
        assert_eq!(
            init_of("constant + noise=1e-2", "linear1.bias"),
            init_of("constant+noise=0.01", "linear1.bias")
        );
        let xavier = ComparedStart::parse("xavier").unwrap();
        let Base::Weights(xavier) = xavier.base else { panic!("an initialiser") };
        assert_eq!(init_of("zeros+xavier", "linear1.weight"), Init::constant(0.0).plus(xavier));
        assert_eq!(init_of("zeros+xavier", "linear1.bias"), Init::constant(0.0));
        let large = Init::constant(0.0).plus(Init::normal(0.0, 1000.0));
        assert_eq!(init_of("zeros+noise=1e+3", "linear1.bias"), large);
    }

    #[test]
    fn the_configuration_s_own_rules_stay_its_own() {
        let rule = "[[init]]\npath = \"linear1.*\"\ninit = { type = \"ones\" }\n";
        let with_rule = config(rule);
        let own = ComparedStart::of_configuration(&with_rule);
        assert_eq!(own.name, "configuration");
        assert_eq!(own.of(&with_rule).unwrap(), with_rule);
        assert!(ComparedStart::parse("random").unwrap().of(&with_rule).unwrap().init.is_empty());
        let noisy = ComparedStart::parse("configuration+noise=1").unwrap().of(&with_rule).unwrap();
        let said: Vec<String> = noisy.init.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4);
        let Init::Sum { of } = &noisy.init[1].init else { panic!("a sum") };
        assert_eq!(of[0], Init::Ones);
        let bare = config("");
        assert_eq!(ComparedStart::of_configuration(&bare).name, "ramp");
    }

    #[test]
    fn a_start_is_random_where_a_parameter_is() {
        let random = |start: &str| {
            is_random(&ComparedStart::parse(start).unwrap().of(&config("")).unwrap()).unwrap()
        };
        for start in
            ["ramp", "constant", "zeros", "ones", "hadamard", "sinusoidal", "configuration"]
        {
            assert!(!random(start), "{start}");
        }
        for start in [
            "random",
            "orthogonal",
            "constant+noise=0.01",
            "ones+lecun",
            "sparse:sparsity=0.5,std=1",
        ] {
            assert!(random(start), "{start}");
        }
        // The training's seed draws the masks of dropout, and the changes of a break without a seed.
        let changed = |change: &dyn Fn(&mut RunConfig)| {
            let mut config = config("");
            change(&mut config);
            is_random(&config).unwrap()
        };
        assert!(changed(&|config| config.model.dropout = Some(DropoutShares::All(0.5))));
        assert!(!changed(&|config| config.model.dropout = Some(DropoutShares::All(0.0))));
        for seed in [None, Some(3)] {
            let (step, space) = (1, "hidden1".to_owned());
            let planned = BreakConfig::ZeroSum { step, space, scale: 0.1, seed };
            assert_eq!(changed(&|config| config.breaks = vec![planned.clone()]), seed.is_none());
        }
        // A rule that applies to no parameter does not count.
        let rules = "[[init]]\npath = \"*.*\"\ninit = { type = \"ones\" }\n";
        assert!(!is_random(&config(&format!("{rules}[training]\nseed = 3\n"))).unwrap());
    }

    #[test]
    fn what_is_no_start_is_named_with_the_nearest_one() {
        for (start, words) in [
            ("xaver", "--start xaver: unknown start; did you mean `xavier`?"),
            ("Random", "did you mean `random`?"),
            ("rmap", "did you mean `ramp`?"),
            ("const", "did you mean `constant`?"),
            ("configurations", "did you mean `configuration`?"),
            (
                "qqq",
                "unknown start; the starts are ramp, constant, zeros, random, configuration, ones,",
            ),
            ("", "unknown start; the starts are"),
            ("normal", "`std` is missing; settings follow a colon: normal:std=..."),
            ("normal:sdt=1", "did you mean `std`?"),
            ("normal:std", "std: write a setting as KEY=VALUE"),
            ("normal:std=a", "invalid type: string \"a\""),
            ("normal:std=1,std=2", "std: named twice"),
            ("normal:std=-1", "linear1.weight"),
            ("constant+nosie=1", "unknown start"),
            ("constant+noise", "noise=0.01"),
            (
                "constant+noise=-1",
                "noise=-1: a standard deviation must be a finite number, 0 or more",
            ),
            ("constant+noise=nan", "0 or more"),
            ("noise=1", "zeros+noise=1"),
            ("identity", "it is not square"),
            ("sum", "write it as an [[init]] rule"),
            ("file", "write it as an [[init]] rule"),
        ] {
            let found = refused(start);
            assert!(found.contains(words), "{start}: {found}");
        }
        let twice = ["random", "random"].map(|start| ComparedStart::parse(start).unwrap());
        assert!(check_distinct(&twice).unwrap_err().to_string().contains("random: named twice"));
    }
}
