//! Numbers as text for users.

/// A number with at most `digits` significant digits, without trailing zeros. It has an exponent if it is below 1e-4 or
/// has more than `digits` digits before its point.
///
/// Two different numbers may have the same text. Record files store numbers in full.
///
/// ```
/// use constinit_symmetry::text::number;
///
/// assert_eq!(number(1.1920928955078125e-7, 6), "1.19209e-7");
/// assert_eq!(number(0.693_147_18, 6), "0.693147");
/// assert_eq!(number(61.5, 6), "61.5");
/// assert_eq!(number(0.0, 6), "0");
/// assert_eq!(number(12_345_678.0, 3), "1.23e7");
/// assert_eq!(number(f64::INFINITY, 3), "inf");
/// ```
pub fn number(value: f64, digits: usize) -> String {
    // A zero keeps its sign, since 0.0 and -0.0 have different bits.
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = digits.max(1);
    let rounded = format!("{value:.*e}", digits - 1);
    let Some((digits_of_it, exponent)) = rounded.split_once('e') else { return rounded };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        return format!("{}e{exponent}", without_zeros(digits_of_it));
    }
    // The exponent after rounding: 9.99996 rounds to 10 with five digits.
    let decimals = (digits as i32 - 1 - exponent) as usize;
    without_zeros(&format!("{value:.decimals$}")).to_owned()
}

/// A decimal fraction without trailing zeros.
fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_that_round_up_to_another_power_of_ten() {
        for (value, digits, text) in [
            (9.999_996, 6, "10"),
            (999_999.5, 6, "1e6"),
            (999_999.4, 6, "999999"),
            (9.9999e-5, 3, "0.0001"),
            (9.5e-5, 1, "0.0001"),
            (-1.25e-9, 6, "-1.25e-9"),
            (100.0, 3, "100"),
            (100.0, 2, "1e2"),
            (-0.0, 6, "-0"),
            (f64::NAN, 6, "NaN"),
            (f64::NEG_INFINITY, 6, "-inf"),
            (5.0, 0, "5"),
            (5e-324, 6, "4.94066e-324"),
            (f64::MAX, 6, "1.79769e308"),
        ] {
            assert_eq!(number(value, digits), text, "{value:e} in {digits}");
        }
    }

    proptest! {
        /// The text parses to the number rounded to `digits` digits, and has no more digits than that.
        #[test]
        fn a_number_reads_back_as_itself_rounded(value in proptest::num::f64::NORMAL, digits in 1..12_usize) {
            let text = number(value, digits);
            let rounded: f64 = format!("{value:.*e}", digits - 1).parse().unwrap();
            prop_assert_eq!(text.parse::<f64>().unwrap(), rounded, "{}", &text);
            let mantissa = text.split('e').next().unwrap();
            let shown: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            let significant = shown.trim_start_matches('0').len();
            prop_assert!(significant <= digits, "{}", &text);
            prop_assert!(!mantissa.contains('.') || !mantissa.ends_with(['0', '.']), "{}", &text);
        }
    }
}
