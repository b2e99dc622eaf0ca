//! Folders of sweeps, written with Parquet's own writer.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use constinit_report::Sweep;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// The data of a column.
#[derive(Clone)]
pub enum Data {
    Whole(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Truth(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
}

impl Data {
    pub fn picked(&self, rows: &[usize]) -> Self {
        fn of<T: Clone>(all: &[Option<T>], rows: &[usize]) -> Vec<Option<T>> {
            rows.iter().map(|row| all[*row].clone()).collect()
        }
        match self {
            Self::Whole(all) => Self::Whole(of(all, rows)),
            Self::Number(all) => Self::Number(of(all, rows)),
            Self::Truth(all) => Self::Truth(of(all, rows)),
            Self::Text(all) => Self::Text(of(all, rows)),
        }
    }
}

/// The contents of a table.
#[derive(Clone)]
pub struct Table {
    pub about: Vec<(&'static str, String)>,
    pub columns: Vec<(String, Data)>,
}

impl Table {
    pub fn picked(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter();
        let columns = columns.map(|(name, data)| (name.clone(), data.picked(rows))).collect();
        Self { about: self.about.clone(), columns }
    }

    pub fn about(mut self, key: &str, value: &str) -> Self {
        let pair = self.about.iter_mut().find(|pair| pair.0 == key).expect("a key that is there");
        pair.1 = value.to_owned();
        self
    }

    /// The same table with this column in place of the one with its name, or without it.
    pub fn column(mut self, name: &str, data: Option<Data>) -> Self {
        let at = self.columns.iter().position(|column| column.0 == name).expect("a column");
        match data {
            Some(data) => self.columns[at].1 = data,
            None => drop(self.columns.remove(at)),
        }
        self
    }

    /// The same table with another number in a row.
    pub fn number(mut self, name: &str, row: usize, number: f64) -> Self {
        let column = self.columns.iter_mut().find(|column| column.0 == name).expect("a column");
        let Data::Number(cells) = &mut column.1 else { panic!("{name} has no numbers") };
        cells[row] = Some(number);
        self
    }

    /// The same table with one more column.
    pub fn with(mut self, name: &str, data: Data) -> Self {
        self.columns.push((name.to_owned(), data));
        self
    }

    /// The same table with the columns of outcomes: this baseline for each loss.
    pub fn with_baseline(self, baseline: f64) -> Self {
        let losses = self.columns.iter().find(|column| column.0 == "final_loss");
        let Some((_, Data::Number(losses))) = losses else { panic!("no losses") };
        let explained: Vec<Option<f64>> =
            losses.iter().map(|loss| loss.map(|loss| 1.0 - loss / baseline)).collect();
        let rows = explained.len();
        self.with("baseline", Data::Number(vec![Some(baseline); rows]))
            .with("explained", Data::Number(explained))
            .with("accuracy", Data::Number(vec![None; rows]))
    }

    pub fn write(&self, path: &Path) {
        let field = |(n, (name, data)): (usize, &(String, Data))| {
            let physical = match data {
                Data::Whole(_) => Physical::INT64,
                Data::Number(_) => Physical::DOUBLE,
                Data::Truth(_) => Physical::BOOLEAN,
                Data::Text(_) => Physical::BYTE_ARRAY,
            };
            let logical = matches!(data, Data::Text(_)).then_some(LogicalType::String);
            let repetition = if n == 0 { Repetition::REQUIRED } else { Repetition::OPTIONAL };
            let built = Type::primitive_type_builder(name, physical)
                .with_repetition(repetition)
                .with_logical_type(logical)
                .build();
            Arc::new(built.expect("a field"))
        };
        let fields = self.columns.iter().enumerate().map(field).collect();
        let schema =
            Type::group_type_builder("sweep").with_fields(fields).build().expect("a schema");
        let pairs = self.about.iter();
        let pairs = pairs.map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(pairs.collect()))
            .build();
        let file = File::create(path).expect("a file");
        let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
            .expect("a writer");
        let mut group = writer.next_row_group().expect("a row group");
        for (n, (_, data)) in self.columns.iter().enumerate() {
            let mut column = group.next_column().expect("a column").expect("as many as fields");
            macro_rules! put {
                ($kind:ty, $cells:expr, $value:expr) => {{
                    let there: Vec<i16> = $cells.iter().map(|c| i16::from(c.is_some())).collect();
                    let values: Vec<_> = $cells.iter().flatten().map($value).collect();
                    let levels = (n > 0).then_some(there.as_slice());
                    column.typed::<$kind>().write_batch(&values, levels, None).expect("written");
                }};
            }
            match data {
                Data::Whole(cells) => put!(Int64Type, cells, |x| *x),
                Data::Number(cells) => put!(DoubleType, cells, |x| *x),
                Data::Truth(cells) => put!(BoolType, cells, |x| *x),
                Data::Text(cells) => put!(ByteArrayType, cells, |x| ByteArray::from(x.as_str())),
            }
            column.close().expect("a column");
        }
        group.close().expect("a row group");
        writer.close().expect("a file");
    }
}

/// CRC-32 of the folders' `sweep.toml`, by zlib.
pub const CHECKSUM: &str = "c7edf4d1";

/// The keys that are swept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// `init_w`, `learning_rate` (logarithmic) and three activations, of these lengths.
    Grid([usize; 3]),
    /// `init_w`, `learning_rate` (logarithmic) and seeds, which come first in the table, of these lengths: the loss of
    /// seed `n` is `n` tenths higher.
    Seeds([usize; 3]),
    /// This many values of `init_w`.
    One(usize),
    /// This many random points of `init_w`, `learning_rate` and activations.
    Random(usize),
}

/// A key, its scale, and how many values it takes.
type Swept = (&'static str, &'static str, Option<usize>);

const W: &str = "model.init_w";
const RATE: &str = "training.optimizer.learning_rate";
const ACTIVATION: &str = "model.activation";
const SEED: &str = "training.seed";

/// A table whose numbers are functions of the keys. The loss is `(w - 0.5)^2 + rate`. Runs diverge at `w > 1.5` and
/// `rate > 0.1`; twins diverge in every run at `w = 0`; the first point fails.
pub fn table(over: Over) -> Table {
    let activations = ["tanh", "relu", "[\"relu\", \"tanh\"]"];
    let spread = |n: usize, of: usize| if of > 1 { n as f64 / (of - 1) as f64 } else { 0.5 };
    let (keys, points): (Vec<Swept>, usize) = match over {
        Over::Grid([w, rate, kinds]) => {
            let keys = [(W, "linear", w), (RATE, "log", rate), (ACTIVATION, "list", kinds)];
            let keys = keys.into_iter().filter(|key| key.2 > 1);
            (keys.map(|(key, scale, n)| (key, scale, Some(n))).collect(), w * rate * kinds)
        }
        Over::Seeds([w, rate, seeds]) => {
            let keys = [(SEED, "seed", seeds), (W, "linear", w), (RATE, "log", rate)];
            (keys.map(|(key, scale, n)| (key, scale, Some(n))).to_vec(), w * rate * seeds)
        }
        Over::One(n) => (vec![(W, "linear", Some(n))], n),
        Over::Random(n) => ([W, RATE, ACTIVATION].map(|key| (key, "sample", None)).to_vec(), n),
    };
    let seed = |point: usize| match over {
        Over::Seeds([w, rate, _]) => point / (w * rate),
        _ => 0,
    };
    let on_grid = |[ws, rates]: [usize; 2], cell: usize, kind: usize| {
        let w = -2.0 + 4.0 * spread(cell / rates, ws);
        (w, 10f64.powf(-4.0 + 4.0 * spread(cell % rates, rates)), activations[kind])
    };
    let place = |point: usize| -> (f64, f64, &str) {
        match over {
            Over::Seeds([w, rate, _]) => on_grid([w, rate], point % (w * rate), 0),
            Over::Grid([w, rate, kinds]) => on_grid([w, rate], point / kinds, point % kinds),
            Over::One(n) => (-2.0 + 4.0 * spread(point, n), 0.01, activations[0]),
            Over::Random(_) => {
                // Multiples of irrational numbers are spread evenly.
                let share = |by: f64| (point as f64 * by).fract();
                let rate = 10f64.powf(-4.0 + 4.0 * share(0.414_213_562));
                (-2.0 + 4.0 * share(0.618_033_988), rate, activations[point % 3])
            }
        }
    };
    let all = |cell: &dyn Fn(usize) -> Option<f64>| Data::Number((0..points).map(cell).collect());
    let whole = |cell: &dyn Fn(usize) -> Option<i64>| Data::Whole((0..points).map(cell).collect());
    let text = |cell: &dyn Fn(usize) -> Option<&'static str>| {
        Data::Text((0..points).map(|point| cell(point).map(str::to_owned)).collect())
    };
    let failed = |point: usize| point == 0;
    let diverged = |point: usize| {
        let (w, rate, _) = place(point);
        !failed(point) && w > 1.5 && rate > 0.1
    };
    let broken = |point: usize| place(point).0.abs() < 1e-9;
    let fine = move |point: usize| !failed(point) && !diverged(point);
    let mut columns: Vec<(String, Data)> =
        vec![("point".into(), whole(&|point| Some(point as i64)))];
    for (key, ..) in &keys {
        let data = match *key {
            W => all(&|point| Some(place(point).0)),
            RATE => all(&|point| Some(place(point).1)),
            SEED => whole(&|point| Some(seed(point) as i64)),
            _ => Data::Text((0..points).map(|point| Some(place(point).2.to_owned())).collect()),
        };
        columns.push(((*key).to_owned(), data));
    }
    let loss = |point: usize| {
        let (w, rate, _) = place(point);
        (w - 0.5).powi(2) + rate + seed(point) as f64 / 10.0
    };
    let classes = |point: usize| if broken(point) { 7 } else { 1 };
    for (name, data) in [
        ("engine", text(&|p| (!failed(p)).then_some(if broken(p) { "burn" } else { "quotient" }))),
        ("backend", text(&|p| broken(p).then_some("ndarray"))),
        ("why_burn", text(&|p| broken(p).then_some("dropout"))),
        (
            "ended",
            text(&|p| {
                Some(match p {
                    _ if failed(p) => "failed",
                    _ if diverged(p) => "diverged",
                    _ => "finished",
                })
            }),
        ),
        (
            "reason",
            text(&|p| match p {
                _ if failed(p) => Some("no memory for <this>"),
                _ if diverged(p) => Some("the loss is not finite"),
                _ => None,
            }),
        ),
        ("steps", whole(&|p| Some(if diverged(p) { 12 } else { 50 }))),
        ("first_loss", all(&|p| (!failed(p)).then(|| loss(p) + 1.0))),
        ("final_loss", all(&|p| fine(p).then(|| loss(p)))),
        ("verdict", text(&|p| fine(p).then_some(if broken(p) { "broken" } else { "held" }))),
        ("first_break", whole(&|p| broken(p).then_some(30 + (p % 7) as i64))),
        ("first_break_space", text(&|p| broken(p).then_some("hidden1"))),
        ("parameters", whole(&|_| Some(59))),
        ("trained_parameters", whole(&|p| Some(if broken(p) { 59 } else { 11 }))),
        ("units", whole(&|_| Some(7))),
        ("classes_start", whole(&|_| Some(1))),
        ("classes_end", whole(&|p| fine(p).then(|| classes(p)))),
        ("dead", whole(&|p| fine(p).then(|| if place(p).0 < -1.0 { 7 } else { 0 }))),
        ("escape_factor", all(&|p| fine(p).then(|| 1.0 + place(p).1 * (place(p).0 - 1.0)))),
        ("escape_steps", all(&|p| fine(p).then(|| 36.0 / place(p).1))),
        ("seconds", all(&|p| Some(2e-5 + 1e-9 * p as f64))),
        ("hidden1.units", whole(&|_| Some(7))),
        ("hidden1.classes_start", whole(&|_| Some(1))),
        ("hidden1.classes_end", whole(&|p| fine(p).then(|| classes(p)))),
        ("hidden1.dead", whole(&|p| fine(p).then(|| if place(p).0 < -1.0 { 7 } else { 0 }))),
    ] {
        columns.push((name.to_owned(), data));
    }
    let keys: Vec<serde_json::Value> = keys
        .iter()
        .map(|(key, scale, n)| serde_json::json!({"key": key, "scale": scale, "values": n}))
        .collect();
    let about = vec![
        ("constinit.schema", "1".to_owned()),
        ("constinit.version", "9.8.7".to_owned()),
        ("constinit.sweep", CHECKSUM.to_owned()),
        ("constinit.points", points.to_string()),
        ("constinit.keys", serde_json::Value::from(keys).to_string()),
    ];
    Table { about, columns }
}

/// A folder that a test writes.
pub struct SweepFolder(TempDir);

impl SweepFolder {
    pub fn empty() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("sweep.toml"), "[sweep]\nmodel.init_w = [1, 2]\n")
            .expect("a file");
        std::fs::create_dir(folder.path().join("parts")).expect("a folder");
        Self(folder)
    }

    pub fn of(over: Over) -> Self {
        let folder = Self::empty();
        folder.put("results.parquet", &table(over));
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn put(&self, name: &str, table: &Table) {
        table.write(&self.path().join(name));
    }

    pub fn sweep(&self) -> Sweep {
        Sweep::read(self.path()).expect("a sweep's folder")
    }

    /// The error without the folder's name.
    pub fn refused(&self) -> String {
        let error = Sweep::read(self.path()).expect_err("a folder that cannot be read").to_string();
        error.replace(&self.path().display().to_string(), "DIR")
    }
}
