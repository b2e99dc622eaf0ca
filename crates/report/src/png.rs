//! Figures as PNG.
//!
//! The renderer gets the same SVG as all other readers, and two built-in fonts, so a figure has the same pixels on
//! every machine. Letters that the fonts lack, such as in names from other alphabets, are left out.

use crate::error::ReportError;
use crate::figure::Figure;
use crate::palette::Medium;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::{Arc, LazyLock};

/// See `fonts/README.md`.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../fonts/DejaVuSans.subset.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../fonts/DejaVuSans-Bold.subset.ttf").to_vec());
    Arc::new(fonts)
});

impl Figure {
    /// The figure as a PNG file with `scale` pixels for each of its 760 units of width, on white.
    ///
    /// # Errors
    ///
    /// [`ReportError::Figure`] if the picture is too large or the scale is not a positive number.
    ///
    /// # Complexity
    ///
    /// Some ten milliseconds, and four bytes per pixel.
    pub fn to_png(&self, scale: f32) -> Result<Vec<u8>, ReportError> {
        let fail = |reason: String| ReportError::Figure { figure: self.name.clone(), reason };
        let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
        let tree = Tree::from_str(&self.document(Medium::Picture), &options)
            .map_err(|error| fail(error.to_string()))?;
        let side = |length: f32| (length * scale).ceil();
        let [width, height] = [tree.size().width(), tree.size().height()].map(side);
        let mut picture = (width.max(height) <= 32_767.0)
            .then(|| Pixmap::new(width as u32, height as u32))
            .flatten()
            .ok_or_else(|| fail(format!("cannot make a picture of {width} x {height} pixels")))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
        picture.encode_png().map_err(|error| fail(error.to_string()))
    }
}
