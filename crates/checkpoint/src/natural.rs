//! The order of names with numbers compared as numbers: `layers.2` before `layers.10`.

use std::cmp::Ordering;

/// Compares digits as numbers and all else as text; names that are then equal compare as text.
///
/// ```
/// use constinit_checkpoint::natural_order;
///
/// let mut names = ["layers.10", "layers.2"];
/// names.sort_by(|a, b| natural_order(a, b));
/// assert_eq!(names, ["layers.2", "layers.10"]);
/// ```
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        let (digits_x, digits_y) = (digits(x), digits(y));
        if digits_x > 0 && digits_y > 0 {
            let number = |text: &[u8]| -> (usize, Vec<u8>) {
                let zeros = text.iter().take_while(|&&c| c == b'0').count();
                (text.len() - zeros, text[zeros..].to_vec())
            };
            match number(&x[..digits_x]).cmp(&number(&y[..digits_y])) {
                Ordering::Equal => (x, y) = (&x[digits_x..], &y[digits_y..]),
                other => return other,
            }
            continue;
        }
        match (x.first(), y.first()) {
            (Some(c), Some(d)) if c == d => (x, y) = (&x[1..], &y[1..]),
            (None, None) => return a.cmp(b),
            (c, d) => return c.cmp(&d),
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|c| c.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_numbers() {
        let mut names = ["l.10.w", "l.2.w", "l.2.b", "l", "l.02.w", "k.99999999999999999999.w"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["k.99999999999999999999.w", "l", "l.2.b", "l.02.w", "l.2.w", "l.10.w"]);
    }
}
