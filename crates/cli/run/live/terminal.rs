//! The terminal while it shows a view: the alternate screen, without a cursor, in raw mode.

use super::line::Line;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Print, ResetColor, SetForegroundColor};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use crossterm::{execute, queue};
use std::io::{self, Write, stdout};

/// Takes over the terminal. If that fails, leaves it as it is.
pub fn take() -> io::Result<()> {
    let taken = enable_raw_mode()
        .and_then(|()| execute!(stdout(), EnterAlternateScreen, DisableLineWrap, Hide));
    taken.inspect_err(|_| give_back())
}

/// Restores the terminal. Errors are ignored: the terminal may be gone.
pub fn give_back() {
    let _ = execute!(stdout(), EnableLineWrap, Show, LeaveAlternateScreen);
    let _ = disable_raw_mode();
}

/// What the terminal shows.
#[derive(Default)]
pub struct Shown {
    size: [usize; 2],
    lines: Vec<Line>,
}

impl Shown {
    /// Shows lines that fit into the terminal's width and height.
    pub fn show(&mut self, lines: impl FnOnce([usize; 2]) -> Vec<Line>) -> io::Result<()> {
        let (width, height) = size()?;
        let size = [width, height].map(usize::from);
        let mut written = Vec::new();
        self.change(&mut written, size, lines(size))?;
        if written.is_empty() {
            return Ok(());
        }
        // Terminals that support it show the whole update at once.
        let mut to = stdout();
        queue!(to, BeginSynchronizedUpdate)?;
        to.write_all(&written)?;
        execute!(to, EndSynchronizedUpdate)
    }

    /// Writes the lines that differ from the lines on the terminal.
    fn change(&mut self, to: &mut Vec<u8>, size: [usize; 2], lines: Vec<Line>) -> io::Result<()> {
        if size != self.size {
            queue!(to, Clear(ClearType::All))?;
            *self = Self { size, lines: Vec::new() };
        }
        for (row, line) in lines.iter().enumerate() {
            if self.lines.get(row) == Some(line) {
                continue;
            }
            queue!(to, MoveTo(0, row as u16))?;
            for (text, colour) in line.pieces() {
                match colour {
                    Some(colour) => {
                        queue!(to, SetForegroundColor(colour), Print(text), ResetColor)?;
                    }
                    None => queue!(to, Print(text))?,
                }
            }
            // At the end of a full line the cursor is on the last character, which this would clear.
            if line.length() < size[0] {
                queue!(to, Clear(ClearType::UntilNewLine))?;
            }
        }
        for row in lines.len()..self.lines.len() {
            queue!(to, MoveTo(0, row as u16), Clear(ClearType::UntilNewLine))?;
        }
        self.lines = lines;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Color;
    use super::*;

    #[test]
    fn only_lines_that_differ_are_written() {
        let mut shown = Shown::default();
        let mut change = |size, lines: &[&str]| {
            let mut written = Vec::new();
            let lines = lines.iter().map(Line::plain).collect();
            shown.change(&mut written, size, lines).unwrap();
            String::from_utf8(written).unwrap().replace('\u{1b}', "^")
        };
        assert_eq!(change([9, 3], &["one", "two"]), "^[2J^[1;1Hone^[K^[2;1Htwo^[K");
        assert_eq!(change([9, 3], &["one", "two"]), "");
        assert_eq!(change([9, 3], &["one", "2", "three"]), "^[2;1H2^[K^[3;1Hthree^[K");
        assert_eq!(change([9, 3], &["one"]), "^[2;1H^[K^[3;1H^[K");
        assert_eq!(change([8, 3], &["one"]), "^[2J^[1;1Hone^[K");
        assert_eq!(change([8, 3], &["one", "all of 8"]), "^[2;1Hall of 8");
    }

    #[test]
    fn colours_end_with_their_text_and_nothing_steers_the_terminal() {
        let line = Line::plain("a\u{1b}[2Jb").then("c\n", Some(Color::DarkRed)).then("d", None);
        let mut written = Vec::new();
        Shown::default().change(&mut written, [20, 1], vec![line]).unwrap();
        let written = String::from_utf8(written).unwrap().replace('\u{1b}', "^");
        assert_eq!(written, "^[2J^[1;1Ha[2Jb^[38;5;1mc^[0md^[K");
    }
}
