//! A tanh perceptron in plain doubles, with the second derivative along differences of twins in closed form.
//!
//! Twins u, v apart by ±(dw, db, dq) on incoming weights, bias and outgoing weights: with X = [input; 1], the
//! pre-activation z, the outgoing weights q and g = dloss / d(next pre-activation),
//!
//! ```text
//! H = Σ_n [ (q·g) a''(z) X Xᵀ    a'(z) X gᵀ ]
//!         [ a'(z) g Xᵀ           0          ]
//! ```

/// `weights[layer][output][input]`, `biases[layer][output]`; tanh after every layer but the last.
#[derive(Clone, Debug)]
pub struct Perceptron {
    pub weights: Vec<Vec<Vec<f64>>>,
    pub biases: Vec<Vec<f64>>,
}

pub struct Data {
    pub inputs: Vec<Vec<f64>>,
    pub targets: Vec<Vec<f64>>,
}

/// Numbers between -1 and 1 from a seed (a linear congruential generator).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        let mut numbers = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1);
        (0..8).for_each(|_| _ = numbers.next());
        numbers
    }

    pub fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub fn vector(&mut self, length: usize) -> Vec<f64> {
        (0..length).map(|_| self.next()).collect()
    }

    pub fn matrix(&mut self, rows: usize, columns: usize) -> Vec<Vec<f64>> {
        (0..rows).map(|_| self.vector(columns)).collect()
    }
}

impl Data {
    pub fn random(examples: usize, [inputs, outputs]: [usize; 2], numbers: &mut Numbers) -> Self {
        let inputs = numbers.matrix(examples, inputs);
        Self {
            inputs: inputs.iter().map(|x| x.iter().map(|x| 1.7 * x).collect()).collect(),
            targets: numbers.matrix(examples, outputs),
        }
    }
}

/// The numbers of one example: inputs of each layer, pre-activations, and dloss / d(pre-activation).
struct Pass {
    inputs: Vec<Vec<f64>>,
    sums: Vec<Vec<f64>>,
    slopes: Vec<Vec<f64>>,
}

impl Perceptron {
    pub fn random(dims: &[usize], numbers: &mut Numbers) -> Self {
        let layers = dims.windows(2);
        Self {
            weights: layers.clone().map(|d| numbers.matrix(d[1], d[0])).collect(),
            biases: layers.map(|d| numbers.vector(d[1])).collect(),
        }
    }

    /// Makes unit v of a hidden layer, from 0, equal to unit u.
    pub fn alike(&mut self, layer: usize, [u, v]: [usize; 2]) {
        self.weights[layer][v] = self.weights[layer][u].clone();
        self.biases[layer][v] = self.biases[layer][u];
        self.weights[layer + 1].iter_mut().for_each(|row| row[v] = row[u]);
    }

    /// With both units at the mean of the two.
    pub fn middle(&self, layer: usize, [u, v]: [usize; 2]) -> Self {
        let mut middle = self.clone();
        let half = self.difference(layer, [u, v]);
        let inputs = self.weights[layer][u].len();
        for (j, half) in half[..inputs].iter().enumerate() {
            middle.weights[layer][u][j] -= half;
        }
        middle.biases[layer][u] -= half[inputs];
        for (k, half) in half[inputs + 1..].iter().enumerate() {
            middle.weights[layer + 1][k][u] -= half;
        }
        middle.alike(layer, [u, v]);
        middle
    }

    /// (dw, db, dq): half the difference of unit u minus unit v.
    pub fn difference(&self, layer: usize, [u, v]: [usize; 2]) -> Vec<f64> {
        let weight = &self.weights[layer];
        let incoming = weight[u].iter().zip(&weight[v]).map(|(u, v)| (u - v) / 2.0);
        let bias = (self.biases[layer][u] - self.biases[layer][v]) / 2.0;
        let outgoing = self.weights[layer + 1].iter().map(|row| (row[u] - row[v]) / 2.0);
        incoming.chain([bias]).chain(outgoing).collect()
    }

    /// Moves the units apart by ±d.
    pub fn part(&mut self, layer: usize, [u, v]: [usize; 2], d: &[f64]) {
        let inputs = self.weights[layer][u].len();
        for (unit, sign) in [(u, 1.0), (v, -1.0)] {
            for (j, d) in d[..inputs].iter().enumerate() {
                self.weights[layer][unit][j] += sign * d;
            }
            self.biases[layer][unit] += sign * d[inputs];
            for (k, d) in d[inputs + 1..].iter().enumerate() {
                self.weights[layer + 1][k][unit] += sign * d;
            }
        }
    }

    fn pass(&self, data: &Data, example: usize) -> Pass {
        let layers = self.weights.len();
        let mut pass =
            Pass { inputs: Vec::new(), sums: Vec::new(), slopes: vec![Vec::new(); layers] };
        let mut signal = data.inputs[example].clone();
        for (layer, (weight, bias)) in self.weights.iter().zip(&self.biases).enumerate() {
            let sum = |(row, bias): (&Vec<f64>, &f64)| {
                row.iter().zip(&signal).map(|(w, x)| w * x).sum::<f64>() + bias
            };
            let sums: Vec<f64> = weight.iter().zip(bias).map(sum).collect();
            let last = layer + 1 == layers;
            let next = sums.iter().map(|z| if last { *z } else { z.tanh() }).collect();
            pass.inputs.push(std::mem::replace(&mut signal, next));
            pass.sums.push(sums);
        }
        // The mean of squares over examples and outputs.
        let count = (data.inputs.len() * signal.len()) as f64;
        let targets = &data.targets[example];
        let mut slopes: Vec<f64> =
            signal.iter().zip(targets).map(|(y, t)| 2.0 * (y - t) / count).collect();
        for layer in (0..layers).rev() {
            if layer + 1 < layers {
                for (slope, z) in slopes.iter_mut().zip(&pass.sums[layer]) {
                    *slope *= 1.0 - z.tanh().powi(2);
                }
            }
            let back = (0..pass.inputs[layer].len()).map(|j| {
                self.weights[layer].iter().zip(&slopes).map(|(row, slope)| row[j] * slope).sum()
            });
            let back = back.collect();
            pass.slopes[layer] = std::mem::replace(&mut slopes, back);
        }
        pass
    }

    /// One step of gradient descent; the length of the gradient.
    pub fn descend(&mut self, data: &Data, rate: f64) -> f64 {
        let passes: Vec<Pass> = (0..data.inputs.len()).map(|n| self.pass(data, n)).collect();
        let mut squares = 0.0;
        for layer in 0..self.weights.len() {
            for i in 0..self.weights[layer].len() {
                for j in 0..self.weights[layer][i].len() {
                    let g: f64 =
                        passes.iter().map(|p| p.slopes[layer][i] * p.inputs[layer][j]).sum();
                    self.weights[layer][i][j] -= rate * g;
                    squares += g * g;
                }
                let g: f64 = passes.iter().map(|p| p.slopes[layer][i]).sum();
                self.biases[layer][i] -= rate * g;
                squares += g * g;
            }
        }
        squares.sqrt()
    }

    /// Adds a share of the way from one network to another.
    pub fn add<'n>(&mut self, share: f64, [from, to]: [&'n Self; 2]) {
        let entries = |net: &'n Self| net.weights.iter().flatten().chain(&net.biases).flatten();
        let own = self.weights.iter_mut().flatten().chain(&mut self.biases).flatten();
        for (own, (from, to)) in own.zip(entries(from).zip(entries(to))) {
            *own += share * (to - from);
        }
    }

    /// The second derivative of the loss along (dw, db, dq) of a unit that has a twin, divided by 2.
    pub fn transverse(&self, data: &Data, layer: usize, unit: usize) -> Vec<Vec<f64>> {
        let inputs = self.weights[layer][unit].len();
        let outgoing: Vec<f64> = self.weights[layer + 1].iter().map(|row| row[unit]).collect();
        let size = inputs + 1 + outgoing.len();
        let mut h = vec![vec![0.0; size]; size];
        for example in 0..data.inputs.len() {
            let pass = self.pass(data, example);
            let mut x = pass.inputs[layer].clone();
            x.push(1.0);
            let a = pass.sums[layer][unit].tanh();
            let (first, second) = (1.0 - a * a, -2.0 * a * (1.0 - a * a));
            let g = &pass.slopes[layer + 1];
            let qg: f64 = outgoing.iter().zip(g).map(|(q, g)| q * g).sum();
            for (i, xi) in x.iter().enumerate() {
                for (j, xj) in x.iter().enumerate() {
                    h[i][j] += qg * second * xi * xj;
                }
                for (k, gk) in g.iter().enumerate() {
                    h[i][inputs + 1 + k] += first * xi * gk;
                    h[inputs + 1 + k][i] += first * gk * xi;
                }
            }
        }
        h
    }

    /// The root of the sum of squares of the entries of a unit.
    pub fn size(&self, layer: usize, unit: usize) -> f64 {
        let incoming = self.weights[layer][unit].iter().map(|w| w * w).sum::<f64>();
        let outgoing = self.weights[layer + 1].iter().map(|row| row[unit] * row[unit]).sum::<f64>();
        (incoming + self.biases[layer][unit].powi(2) + outgoing).sqrt()
    }
}

pub fn times(matrix: &[Vec<f64>], v: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| row.iter().zip(v).map(|(m, v)| m * v).sum()).collect()
}

pub fn norm(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The length of a - b over that of b.
pub fn off(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(b)
}

/// Eigenvalues of a symmetric matrix, in rising order, by Jacobi's rotations.
pub fn eigenvalues(matrix: &[Vec<f64>]) -> Vec<f64> {
    let mut a = matrix.to_vec();
    let n = a.len();
    for _ in 0..60 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let t = if theta == 0.0 { 1.0 } else { t };
                let (c, s) = (1.0 / t.hypot(1.0), t / t.hypot(1.0));
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let rows = a[p].iter().zip(&a[q]);
                (a[p], a[q]) = rows.map(|(x, y)| (c * x - s * y, s * x + c * y)).unzip();
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i][i]).collect();
    values.sort_by(f64::total_cmp);
    values
}
