//! The known name that the user probably meant by a mistyped one.

/// The known name with the smallest edit distance, if that distance is small enough for a typing error. Error messages
/// suggest this name.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    // Nobody types longer names by hand, and computing the distance would be slow.
    const LONGEST: usize = 256;
    if name.len() > LONGEST {
        return None;
    }
    known
        .filter(|k| k.len() <= LONGEST)
        .map(|k| (strsim::levenshtein(name, k), k))
        .filter(|(distance, k)| *distance <= 1 + name.len().max(k.len()) / 4)
        .min()
        .map(|(_, k)| k.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_only_where_it_is_near() {
        let known = ["fc1.weight", "fc2.weight"];
        assert_eq!(nearest("fc1.wieght", known.into_iter()).as_deref(), Some("fc1.weight"));
        // Of equal distances, the first name in alphabetical order.
        assert_eq!(nearest("fc3.weight", known.into_iter()).as_deref(), Some("fc1.weight"));
        assert_eq!(nearest("embedding", known.into_iter()), None);
        assert_eq!(nearest(&"a".repeat(257), ["a"].into_iter()), None);
    }
}
