//! The table embedded in a page: columns as the bytes of typed arrays, in base64.
//!
//! A column of few distinct values has these values, and a code of one or two bytes per row. Of other columns, the
//! upper half of each double is kept. It is rounded to 21 bits, which are six digits over the whole range of doubles; a
//! float would end at 1e38. Whole numbers that this would change are kept in full.

use super::column::{Column, ColumnValues, Levels, NONE};
use serde_json::{Value, json};

/// The largest number of levels for codes of two bytes: one code means that there is no value.
const MOST_LEVELS: usize = 65_535;

/// A column, in the form that the page's script reads.
pub fn column(column: &Column) -> Value {
    let (levels, codes) = column.levels();
    let rows = codes.len();
    let several = levels.len() > 1 || codes.contains(&NONE);
    let wide = levels.len() >= 255;
    let size = 8 * levels.len() + rows * if wide { 2 } else { 1 };
    let is_text = matches!(levels, Levels::Texts(_));
    let mut told = json!({"name": column.name, "text": is_text});
    if is_text || (levels.len() <= MOST_LEVELS && size < 4 * rows + 4096) {
        let none = levels.len();
        let bytes: Vec<u8> = if !several {
            Vec::new()
        } else if none > MOST_LEVELS {
            codes.iter().flat_map(|code| (*code).min(none as u32).to_le_bytes()).collect()
        } else if wide {
            codes.iter().flat_map(|code| ((*code).min(none as u32) as u16).to_le_bytes()).collect()
        } else {
            codes.iter().map(|code| (*code).min(none as u32) as u8).collect()
        };
        told["kind"] = json!(match (several, none > MOST_LEVELS, wide) {
            (false, ..) => "one",
            (_, true, _) => "levels32",
            (_, _, true) => "levels16",
            _ => "levels8",
        });
        told["levels"] = match levels {
            Levels::Numbers(numbers) => json!(numbers),
            Levels::Texts(texts) => json!(texts),
        };
        told["bytes"] = json!(base64(&bytes));
        return told;
    }
    let ColumnValues::Numbers(values) = &column.values else { return told };
    let exact = values.iter().all(|value| value.is_nan() || half(upper(*value)) == *value);
    let whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
    let (kind, bytes): (_, Vec<u8>) = if whole && !exact {
        ("doubles", values.iter().flat_map(|value| value.to_le_bytes()).collect())
    } else {
        ("halves", values.iter().flat_map(|value| upper(*value).to_le_bytes()).collect())
    };
    told["kind"] = json!(kind);
    told["bytes"] = json!(base64(&bytes));
    told
}

/// The upper half of a double, rounded to the nearest one.
fn upper(value: f64) -> u32 {
    let bits = value.to_bits();
    let cut = (bits >> 32) as u32;
    let rounded = cut + (bits >> 31 & 1) as u32;
    // The largest doubles are cut, not rounded, so that they do not become infinite.
    if half(rounded).is_finite() || value.is_nan() { rounded } else { cut }
}

fn half(upper: u32) -> f64 {
    f64::from_bits(u64::from(upper) << 32)
}

/// Base64 with the usual digits and padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            text.push(if digit > three.len() {
                '='
            } else {
                DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(values: Vec<f64>) -> Value {
        column(&Column { name: "n".into(), values: ColumnValues::Numbers(values) })
    }

    #[test]
    fn a_column_takes_the_fewest_bytes_that_tell_it() {
        let same = numbers(vec![2.5; 9]);
        assert_eq!((&same["kind"], &same["levels"]), (&json!("one"), &json!([2.5])));
        let few = numbers(vec![1.0, f64::NAN, 0.5]);
        assert_eq!(few["levels"], json!([0.5, 1.0]));
        assert_eq!((&few["kind"], &few["bytes"]), (&json!("levels8"), &json!("AQIA")));
        let many = (0..60_000).map(|n| f64::from(n) / 7.0);
        assert_eq!(numbers(many.collect())["kind"], "halves");
        let long = (0..60_000).map(|n| f64::from(n) + 1e9);
        assert_eq!(numbers(long.collect())["kind"], "doubles");
        let some = (0..60_000).map(|n| f64::from(n % 300));
        let some = numbers(some.collect());
        assert_eq!(some["kind"], "levels16");
        assert_eq!(some["bytes"].as_str().unwrap().len(), 160_000);
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    proptest! {
        #[test]
        fn upper_halves_keep_six_digits(value in any::<f64>()) {
            let kept = half(upper(value));
            if value.is_normal() {
                prop_assert!((kept / value - 1.0).abs() < 1e-6, "{value} {kept}");
            } else {
                prop_assert_eq!(kept.is_nan(), value.is_nan());
            }
        }
    }
}
