//! Colours that colour-blind readers can distinguish, on white, on black and on paper.
//!
//! Lines have the colours of Okabe and Ito. On a dark page the same seven colours have another order, since black would
//! be invisible there, and blue hard to see.
//!
//! # References
//!
//! Okabe and Ito, "Color Universal Design" (2008); van der Walt and Smith's map "viridis" (2015).

use std::fmt::Write;

/// The number of colours of lines.
pub const COLOURS: usize = 7;

/// Colours of lines on white.
pub const LIGHT: [&str; COLOURS] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// Colours of lines on black.
pub const DARK: [&str; COLOURS] =
    ["#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#f0e442", "#e69f00", "#ffffff"];

/// Where a style is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// On a screen, light or dark, and on paper.
    Page,
    /// As a picture, which is light.
    #[cfg(feature = "png")]
    Picture,
}

/// The style of figures: class `c2` draws with the third colour, `f2` fills with it.
pub fn figure_style(medium: Medium) -> String {
    let mut css = String::from(include_str!("page/figure.css"));
    css.push_str(&scheme(
        LIGHT,
        ["#1b1f24", "#57606a", "#8c959f", "#e4e7eb", "#ffffff", "#b3261e"],
    ));
    if medium == Medium::Page {
        let dark = scheme(DARK, ["#e6e8eb", "#a3adb8", "#6b7580", "#2b3139", "#14171a", "#ff8a80"]);
        // Paper is white.
        let _ = write!(css, "@media screen and (prefers-color-scheme:dark){{{dark}}}");
    }
    css
}

/// Rules for lines, and for text, quiet text, axes, grid, background and warnings.
fn scheme(lines: [&str; COLOURS], [text, quiet, axis, grid, ground, alarm]: [&str; 6]) -> String {
    let mut css = String::new();
    // Writing to a string cannot fail.
    for (number, colour) in lines.iter().enumerate() {
        let _ = write!(css, ".c{number}{{stroke:{colour}}}.f{number}{{fill:{colour}}}");
    }
    let _ = write!(
        css,
        ".t{{fill:{text}}}.q{{fill:{quiet}}}.axis{{stroke:{axis}}}.grid{{stroke:{grid}}}.ground{{fill:{ground}}}\
         .alarm{{stroke:{alarm}}}.alarmed{{fill:{alarm}}}.baseline{{stroke:{text}}}.empty{{fill:{grid}}}.agree{{fill:{axis}}}"
    );
    css
}

/// The style of marks of a sweep's runs without a number: `n0` has no number, `n1` diverged, `n2` failed. They are
/// grey, since the colours of numbers are not.
pub fn neutral_style(medium: Medium) -> String {
    let fills = |colours: [&str; 3]| -> String {
        let rule = |(number, colour): (usize, &str)| format!(".n{number}{{fill:{colour}}}");
        colours.into_iter().enumerate().map(rule).collect()
    };
    let light = fills(["#e3e6ea", "#9aa1a9", "#3d434a"]);
    if medium != Medium::Page {
        return light;
    }
    let dark = fills(["#2e353d", "#767f89", "#d3d7dc"]);
    format!("{light}@media screen and (prefers-color-scheme:dark){{{dark}}}")
}

/// Colours from dark blue at 0 to yellow at 1 in equal steps of lightness, by five points of the map "viridis". Numbers
/// outside have the colour of the nearer end.
///
/// ```
/// use constinit_report::viridis;
///
/// assert_eq!([viridis(-1.0), viridis(0.0), viridis(1.0)], ["#440154", "#440154", "#fde725"]);
/// ```
pub fn viridis(share: f64) -> String {
    const POINTS: [[f64; 3]; 5] = [
        [68.0, 1.0, 84.0],
        [59.0, 82.0, 139.0],
        [33.0, 145.0, 140.0],
        [94.0, 201.0, 98.0],
        [253.0, 231.0, 37.0],
    ];
    let at = share.clamp(0.0, 1.0) * (POINTS.len() - 1) as f64;
    let below = (at as usize).min(POINTS.len() - 2);
    let part = at - below as f64;
    let mix = |(a, b): (&f64, f64)| (a + (b - a) * part).round() as u8;
    let mixed: Vec<u8> = POINTS[below].iter().zip(POINTS[below + 1]).map(mix).collect();
    format!("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2])
}
