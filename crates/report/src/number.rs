//! Numbers as people read them.

/// A whole number in groups of three: 12 000.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A number with its noun; the noun is in the plural unless the number is 1.
pub fn counted(n: usize, noun: &str) -> String {
    let ending = match (n, noun.strip_suffix("ss")) {
        (1, _) => "",
        (_, Some(_)) => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", count(n))
}

/// Four significant digits, with a power of ten if the number would have many zeros.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    if !(1e-3..1e5).contains(&size) {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", trimmed(digits));
    }
    let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// A time in the unit that gives the shortest number.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{} µs", short(s * 1e6)),
        s if s < 1.0 => format!("{} ms", short(s * 1e3)),
        s if s < 600.0 => format!("{} s", short(s)),
        s if s < 6e4 => format!("{} min", short(s / 60.0)),
        s => format!("{} h", short(s / 3600.0)),
    }
}

/// A share in percent, or "all" or "none". No other share is rounded to 100 % or 0 %.
pub fn percent(part: usize, of: usize) -> String {
    let share = 100.0 * part as f64 / of.max(1) as f64;
    match part {
        0 => "none".to_owned(),
        _ if part == of => "all".to_owned(),
        _ if share > 99.9 => "over 99.9 %".to_owned(),
        _ if share < 0.1 => "under 0.1 %".to_owned(),
        _ => format!("{share:.1} %"),
    }
}

/// A share in percent, with a decimal.
pub fn in_percent(share: f64) -> String {
    let text = format!("{} %", grouped(100.0 * share, 1));
    // A negative number that rounds to 0 has no sign.
    if text == "\u{2212}0.0 %" { "0.0 %".to_owned() } else { text }
}

/// A number with decimals. Whole numbers from 10 000 on are in groups of three.
pub fn grouped(value: f64, decimals: usize) -> String {
    if decimals == 0 && value >= 10_000.0 {
        count(value as usize)
    } else {
        format!("{value:.decimals$}").replace('-', "\u{2212}")
    }
}

/// The number, rounded to the given number of digits.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// A power of ten as text: 10⁻⁸.
pub fn power_of_ten(power: i32) -> String {
    match power {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => {
            let superscript = |c| match c {
                '-' => '⁻',
                '1' => '¹',
                '2' => '²',
                '3' => '³',
                digit => {
                    char::from_u32(u32::from(digit) - u32::from('0') + 0x2070).unwrap_or(digit)
                }
            };
            let power: String = power.to_string().chars().map(superscript).collect();
            format!("10{power}")
        }
    }
}

/// The numbers of units, as ranges: 0–3, 7, 9–11; a long list is cut.
pub fn ranges(units: &[usize]) -> String {
    const SHOWN: usize = 6;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &unit in units {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == unit => *last = unit,
            _ => runs.push((unit, unit)),
        }
    }
    let text = |&(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    };
    let mut parts: Vec<String> = runs.iter().take(SHOWN).map(text).collect();
    if runs.len() > SHOWN {
        parts.push("…".to_owned());
    }
    parts.join(", ")
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, -0.0, 1.0, -2.5, 61.8867, 0.00123456, 12345.6, 1.234e5, 5.96e-8, 1e-300];
        let texts = shown.map(short);
        assert_eq!(
            texts,
            ["0", "0", "1", "-2.5", "61.89", "0.001235", "12346", "1.23e5", "5.96e-8", "1e-300"]
        );
        assert_eq!((short(f64::NAN), short(f64::NEG_INFINITY)), ("NaN".into(), "-inf".into()));
        assert_eq!(count(999), "999");
        assert_eq!(count(1234567), "1\u{202f}234\u{202f}567");
        assert_eq!(counted(1, "class") + &counted(2, "class"), "1 class2 classes");
        assert_eq!(power_of_ten(-12), "10⁻¹²");
        assert_eq!(power_of_ten(305), "10³⁰⁵");
    }

    #[test]
    fn units_are_runs() {
        assert_eq!(ranges(&[0, 1, 2, 3, 7, 9, 10]), "0–3, 7, 9, 10");
        let odd: Vec<usize> = (0..20).map(|n| 2 * n).collect();
        assert_eq!(ranges(&odd), "0, 2, 4, 6, 8, 10, …");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn shares_are_never_rounded_to_all_or_none() {
        let shown = [(0, 9), (9, 9), (1, 3), (99_999, 100_000), (1, 100_000)];
        let shown = shown.map(|(part, of)| percent(part, of));
        assert_eq!(shown, ["none", "all", "33.3 %", "over 99.9 %", "under 0.1 %"]);
        assert_eq!([0.3333, -1e-5, -0.2].map(in_percent), ["33.3 %", "0.0 %", "\u{2212}20.0 %"]);
        assert_eq!(duration(0.0021), "2.1 ms");
        assert_eq!(duration(7200.0), "120 min");
    }
}
