//! Lines of a terminal, in colours.

pub use crossterm::style::Color;

/// Pieces of text, each in a colour, or without one in the terminal's default colour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(Vec<(String, Option<Color>)>);

impl Line {
    /// A text without a colour.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::coloured(text, None)
    }

    pub fn coloured(text: impl AsRef<str>, colour: Option<Color>) -> Self {
        Self::default().then(text, colour)
    }

    /// The same line with a text appended. Control characters are left out.
    #[must_use]
    pub fn then(mut self, text: impl AsRef<str>, colour: Option<Color>) -> Self {
        let shown = text.as_ref().chars().filter(|character| !character.is_control());
        let shown: String = shown.collect();
        if !shown.is_empty() {
            self.0.push((shown, colour));
        }
        self
    }

    /// Its first characters, `width` at most.
    #[must_use]
    pub fn cut(&self, width: usize) -> Self {
        let mut room = width;
        self.pieces().fold(Self::default(), |line, (text, colour)| {
            let text: String = text.chars().take(room).collect();
            room -= text.chars().count();
            line.then(text, colour)
        })
    }

    /// How many characters it has.
    pub fn length(&self) -> usize {
        self.pieces().map(|(text, _)| text.chars().count()).sum()
    }

    pub fn pieces(&self) -> impl Iterator<Item = (&str, Option<Color>)> {
        self.0.iter().map(|(text, colour)| (text.as_str(), *colour))
    }
}
