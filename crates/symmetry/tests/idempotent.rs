//! A second search finds nothing new: in the quotient by twins every unit is alone, and the block means of an equitable
//! partition have that partition.

use constinit_symmetry::{AxesSpec, ParamView, Symmetry, equitable, layers, twins};
use proptest::prelude::*;

/// Matrices `[output][input]` of a chain with two hidden spaces.
#[derive(Clone, Debug)]
struct Chain {
    dims: [usize; 4],
    weights: [Vec<f64>; 3],
    biases: [Vec<f64>; 2],
}

impl Chain {
    fn new([h1, h2]: [usize; 2], numbers: &[u8]) -> Self {
        let dims = [2, h1, h2, 1];
        // Multiples of 3600, so means over up to 6 x 6 entries are integers.
        let mut numbers = numbers.iter().map(|n| 3600.0 * f64::from(*n));
        let mut take = |n: usize| -> Vec<f64> { numbers.by_ref().take(n).collect() };
        let weights = [take(h1 * 2), take(h2 * h1), take(h2)];
        let biases = [take(h1), take(h2)];
        Self { dims, weights, biases }
    }

    fn search(&self, find: fn(&AxesSpec, &[ParamView<'_>]) -> Symmetry) -> Symmetry {
        let [i, h1, h2, o] = self.dims;
        let shapes = [vec![h1, i], vec![h1], vec![h2, h1], vec![h2], vec![o, h2]];
        let [w1, w2, w3] = &self.weights;
        let [b1, b2] = &self.biases;
        let names = ["l1.weight", "l1.bias", "l2.weight", "l2.bias", "l3.weight"];
        let views: Vec<ParamView<'_>> = names
            .into_iter()
            .zip(&shapes)
            .zip([w1, b1, w2, b2, w3])
            .map(|((name, shape), numbers)| ParamView::new(name, shape, numbers).unwrap())
            .collect();
        let spec = AxesSpec::builder()
            .space("h1", h1)
            .space("h2", h2)
            .layer(layers::dense("l1", "", "h1"))
            .layer(layers::dense("l2", "h1", "h2"))
            .layer(layers::dense("l3", "h2", "").without_bias())
            .build(views.iter().map(ParamView::signature))
            .unwrap();
        find(&spec, &views)
    }

    /// The classes along the axes of each weight: those found for hidden spaces, and single members for inputs and
    /// outputs.
    fn classes(&self, found: &Symmetry) -> [Vec<Vec<usize>>; 4] {
        let single = |n: usize| (0..n).map(|unit| vec![unit]).collect();
        let of = |space: usize| {
            let classes = found.spaces()[space].partition().classes();
            classes.map(|class| class.iter().map(|unit| unit.get()).collect()).collect()
        };
        [single(self.dims[0]), of(0), of(1), single(self.dims[3])]
    }

    /// The network with every block replaced by its mean.
    fn means(&self, found: &Symmetry) -> Self {
        let classes = self.classes(found);
        let mut means = self.clone();
        for (layer, weight) in means.weights.iter_mut().enumerate() {
            let inputs = self.dims[layer];
            for rows in &classes[layer + 1] {
                for columns in &classes[layer] {
                    let block =
                        || rows.iter().flat_map(|i| columns.iter().map(move |j| i * inputs + j));
                    let sum: f64 = block().map(|entry| self.weights[layer][entry]).sum();
                    let mean = sum / (rows.len() * columns.len()) as f64;
                    block().for_each(|entry| weight[entry] = mean);
                }
            }
        }
        means
    }

    /// The network with one unit of every class.
    fn representatives(&self, found: &Symmetry) -> Self {
        let first = self
            .classes(found)
            .map(|classes| -> Vec<usize> { classes.iter().map(|class| class[0]).collect() });
        let weight = |layer: usize| -> Vec<f64> {
            let entries = first[layer + 1].iter();
            let entries = entries.flat_map(|i| first[layer].iter().map(move |j| (i, j)));
            entries.map(|(i, j)| self.weights[layer][i * self.dims[layer] + j]).collect()
        };
        let bias = |layer: usize| -> Vec<f64> {
            first[layer + 1].iter().map(|unit| self.biases[layer][*unit]).collect()
        };
        Self {
            dims: [0, 1, 2, 3].map(|place| first[place].len()),
            weights: [0, 1, 2].map(weight),
            biases: [0, 1].map(bias),
        }
    }
}

fn labels(found: &Symmetry) -> Vec<Vec<usize>> {
    let of = |partition: &constinit_symmetry::Partition| {
        partition.labels().iter().map(|class| class.get()).collect()
    };
    found.spaces().iter().map(|space| of(space.partition())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_unit_of_every_class_is_different_from_all_others(
        hidden in [1..6_usize, 1..6_usize],
        numbers in proptest::collection::vec(0..2_u8, 60),
    ) {
        let chain = Chain::new(hidden, &numbers);
        let found = chain.search(|spec, views| twins(spec, views).unwrap());
        let again = chain.representatives(&found).search(|spec, views| twins(spec, views).unwrap());
        prop_assert!(again.spaces().iter().all(|space| space.partition().is_discrete()));
    }

    #[test]
    fn block_means_have_the_same_equitable_partition(
        hidden in [1..6_usize, 1..6_usize],
        numbers in proptest::collection::vec(0..2_u8, 60),
        same_biases: bool,
    ) {
        let mut chain = Chain::new(hidden, &numbers);
        if same_biases {
            chain.biases = hidden.map(|units| vec![1.0; units]);
        }
        let find = |spec: &AxesSpec, views: &[ParamView<'_>]| equitable(spec, views).unwrap();
        let found = chain.search(find);
        let means = chain.means(&found);
        prop_assert_eq!(labels(&means.search(find)), labels(&found));
        let block_constant = means.search(|spec, views| twins(spec, views).unwrap());
        prop_assert_eq!(labels(&block_constant), labels(&found));
    }
}
