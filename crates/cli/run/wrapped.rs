//! Sentences in lines of a width.

/// A text in lines of at most this many characters, at least 1. Words that fit into a line are not broken.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + characters.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => {
                lines.extend(characters.chunks(width).map(|piece| piece.iter().collect::<String>()))
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrapped("one unit until step 60", 9), ["one unit", "until", "step 60"]);
        assert_eq!(wrapped("a linear2.weight b", 6), ["a", "linear", "2.weig", "ht b"]);
        assert_eq!(wrapped(" ", 5), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_nothing_is_lost(text in "[a-c\u{e9} ]{0,60}", width in 1..20_usize) {
            let lines = wrapped(&text, width);
            let characters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(characters(&lines.concat()), characters(&text));
            prop_assert!(lines.iter().all(|line| (1..=width).contains(&line.chars().count())));
        }
    }
}
