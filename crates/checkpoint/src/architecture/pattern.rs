//! Patterns of names: literal text, `{i}` for a number and `{a|b}` for either of two words.

/// A pattern without alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    /// A number, with its name.
    Number(String),
}

/// The numbers in a pattern: the name of each, and its digits in a matched name.
pub(super) type Captures<'p> = Vec<(String, &'p str)>;

impl Pattern {
    /// The pattern of a text without alternatives.
    pub fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                tokens.push(Token::Text(before.into()));
            }
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            tokens.push(Token::Number(name.into()));
            rest = after;
        }
        if !rest.is_empty() {
            tokens.push(Token::Text(rest.into()));
        }
        Self { tokens }
    }

    /// If a name ends with the pattern: what precedes the match (without the dot), and the numbers.
    pub fn ends<'p>(&self, name: &'p str) -> Option<(&'p str, Captures<'p>)> {
        let mut rest = name;
        let mut captures = Captures::new();
        for token in self.tokens.iter().rev() {
            match token {
                Token::Text(text) => rest = rest.strip_suffix(text.as_str())?,
                Token::Number(called) => {
                    let short = rest.trim_end_matches(|c: char| c.is_ascii_digit());
                    let number = &rest[short.len()..];
                    if number.is_empty() {
                        return None;
                    }
                    captures.push((called.clone(), number));
                    rest = short;
                }
            }
        }
        let root = match rest {
            "" => "",
            _ if self.tokens.is_empty() => rest,
            rest => rest.strip_suffix('.')?,
        };
        Some((root, captures))
    }
}

/// All texts that a text with `{a|b}` stands for.
pub(super) fn alternatives(text: &str) -> Vec<String> {
    let (mut depth, mut open, mut bars) = (0_usize, 0, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '{' => {
                depth += 1;
                if depth == 1 {
                    (open, bars) = (at, Vec::new());
                }
            }
            '|' if depth == 1 => bars.push(at),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && !bars.is_empty() {
                    let starts = std::iter::once(open).chain(bars.iter().copied());
                    let words = starts.zip(bars.iter().copied().chain([at]));
                    let whole = |(from, to): (usize, usize)| {
                        format!("{}{}{}", &text[..open], &text[from + 1..to], &text[at + 1..])
                    };
                    return words.map(whole).flat_map(|text| alternatives(&text)).collect();
                }
            }
            _ => {}
        }
    }
    vec![text.to_owned()]
}

/// A text with `{i}` replaced by the number of that name, and `{i-1}` by that number minus 1. `None` if the result
/// would be below 0 or there is no number of that name.
pub(super) fn fill(text: &str, captures: &[(String, &str)]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}')?;
        let value = |name: &str| captures.iter().find(|(called, _)| called == name).map(|c| c.1);
        match (value(name), name.strip_suffix("-1")) {
            (Some(number), _) => filled.push_str(number),
            (None, Some(name)) => {
                let number: usize = value(name)?.parse().ok()?;
                filled.push_str(&number.checked_sub(1)?.to_string());
            }
            (None, None) => return None,
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_a_pattern_after_a_dot() {
        let pattern = Pattern::new("layers.{i}.mlp.up_proj");
        let (root, captures) = pattern.ends("model.layers.10.mlp.up_proj").unwrap();
        assert_eq!((root, captures), ("model", vec![("i".to_owned(), "10")]));
        assert_eq!(pattern.ends("layers.0.mlp.up_proj").unwrap().0, "");
        assert_eq!(pattern.ends("sublayers.0.mlp.up_proj"), None);
        assert_eq!(pattern.ends("layers.x.mlp.up_proj"), None);
        // Every name ends with the empty pattern; the root is the whole name.
        assert_eq!(Pattern::new("").ends("a.b").unwrap().0, "a.b");
    }

    #[test]
    fn alternatives_are_all_written_out() {
        let texts = alternatives("{a|b}.{i}.{|x.}c");
        assert_eq!(texts, ["a.{i}.c", "a.{i}.x.c", "b.{i}.c", "b.{i}.x.c"]);
        assert_eq!(alternatives("{f.{n}.{b}|f.{n}}.x"), ["f.{n}.{b}.x", "f.{n}.x"]);
    }

    #[test]
    fn numbers_are_filled_in() {
        let captures = [("k".to_owned(), "1")];
        assert_eq!(fill("l{k}.x", &captures).as_deref(), Some("l1.x"));
        assert_eq!(fill("l{k-1}", &captures).as_deref(), Some("l0"));
        assert_eq!(fill("l{k-1}", &[("k".to_owned(), "0")]), None);
        assert_eq!(fill("l{j}", &captures), None);
    }
}
