//! "Did you mean": the known name that a mistyped one resembles most.

/// How much an unknown name resembles a known one, from 0 to 1. Initials count as the whole name: `lr` is
/// `learning_rate`.
pub fn likeness(unknown: &str, known: &str) -> f64 {
    let words = known.split(['_', '-']);
    let initials: String = words.filter_map(|word| word.chars().next()).collect();
    if initials.len() > 1 && initials == unknown {
        return 1.0;
    }
    strsim::normalized_damerau_levenshtein(unknown, known)
}

/// The known name that resembles an unknown one most; None if none resembles it enough. Of equally near ones, the
/// first.
pub fn nearest<'k>(unknown: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Users may write names in capitals, `ReLU`; known names are in lower case.
    let unknown = unknown.to_lowercase();
    let mut best = None;
    // Two names of four letters that share only two do not resemble each other enough.
    let mut most = 0.5;
    for name in known {
        let found = likeness(&unknown, name);
        if found > most {
            (most, best) = (found, Some(name));
        }
    }
    best
}

/// The nearest known name that a message of serde lists for the unknown field or variant that it found.
pub fn known_name(message: &str) -> Option<&str> {
    if !message.contains("unknown field") && !message.contains("unknown variant") {
        return None;
    }
    // Names are between backticks: first the unknown one, then the known ones.
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    nearest(unknown, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let known = ["learning_rate", "relu", "leaky-relu", "cross-entropy"];
        for (unknown, expected) in [
            ("lr", Some("learning_rate")),
            ("ReLU", Some("relu")),
            ("leaky_relu", Some("leaky-relu")),
            ("crossentropy", Some("cross-entropy")),
            ("momentum", None),
            ("", None),
        ] {
            assert_eq!(nearest(unknown, known), expected, "{unknown}");
        }
    }

    #[test]
    fn the_names_of_a_message() {
        let message = "unknown field `stpes`, expected one of `steps`, `loss`, `seed`";
        assert_eq!(known_name(message), Some("steps"));
        assert_eq!(known_name("unknown variant `sophia`, expected `sgd` or `adam`"), None);
        assert_eq!(known_name("invalid type: string `stpes`, expected `steps`"), None);
        // Of equally near names, the first.
        let both = "unknown variant `crossentropy`, expected `cross-entropy` or `cross_entropy`";
        assert_eq!(known_name(both), Some("cross-entropy"));
    }
}
