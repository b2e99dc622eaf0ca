"""What torch.nn.init makes of small parameters, for tests/init_against_torch.rs.

    python3 init.py > init.json        (PyTorch 2.15.0)

Deterministic initialisers: all entries, as [outputs][inputs][kernel...], row by row. Random ones: 2000 sorted draws; for
the orthogonal one the traces of 2000 matrices, and for the sparse one the number of zeros in each column and the other
entries. Last what torch.nn.init does not have, by the formulas of the papers.
"""

import json

import torch
from torch.nn import init


def filled(shape, function, *arguments, **options):
    tensor = torch.empty(shape, dtype=torch.float64)
    function(tensor, *arguments, **options)
    return {"shape": list(shape), "values": tensor.flatten().tolist()}


def drawn(function, *arguments, **options):
    torch.manual_seed(7)
    tensor = torch.empty(50, 40, dtype=torch.float64)
    function(tensor, *arguments, **options)
    return [round(number, 6) for number in sorted(tensor.flatten().tolist())]


torch.manual_seed(7)
sparse = torch.empty(30, 8, dtype=torch.float64)
init.sparse_(sparse, 0.37, 0.5)


def traces():
    torch.manual_seed(7)
    matrix = torch.empty(4, 4, dtype=torch.float64)
    return sorted(round(init.orthogonal_(matrix).trace().item(), 6) for _ in range(2000))


def thinned():
    torch.manual_seed(7)
    tensor = torch.empty(80, 50, dtype=torch.float64)
    init.sparse_(tensor, 0.5, 0.7)
    return [round(number, 6) for number in sorted(tensor[tensor != 0].tolist())]


def hadamard(order):
    """Sylvester's construction."""
    matrix = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(order):
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix


def waves(outputs, inputs):
    """W[i, j] = a sin(k_i x_j + phi_i) for i from 1: k_i = 2 pi i / n, phi_i = 2 pi i / m, variance 2 / (n + m)."""
    i = torch.arange(1, outputs + 1, dtype=torch.float64)[:, None]
    j = torch.arange(inputs, dtype=torch.float64)[None, :]
    matrix = torch.sin(2 * torch.pi * i / inputs * j + 2 * torch.pi * i / outputs)
    return matrix * (2 / (inputs + outputs) / matrix.var()).sqrt()


def entries(matrix):
    return {"shape": list(matrix.shape), "values": matrix.flatten().tolist()}

print(json.dumps({
    "constant": filled((3, 2), init.constant_, 0.25),
    "ones": filled((3, 2), init.ones_),
    "zeros": filled((3, 2), init.zeros_),
    "eye_wide": filled((3, 5), init.eye_),
    "eye_tall": filled((5, 3), init.eye_),
    "dirac": filled((4, 3, 5), init.dirac_),
    "dirac_2d_even": filled((2, 3, 4, 3), init.dirac_),
    "dirac_groups": filled((6, 2, 3), init.dirac_, 3),
    "fans": [
        {"shape": list(shape), "fans": init._calculate_fan_in_and_fan_out(torch.empty(shape))}
        for shape in [(3, 5), (6, 2, 5), (8, 4, 3, 3), (4, 1, 2, 3, 5)]
    ],
    "orthogonal_traces": traces(),
    "sparse_others": thinned(),
    "sparse_zeros": (sparse == 0).sum(0).tolist(),
    "uniform": drawn(init.uniform_, -0.3, 0.5),
    "normal": drawn(init.normal_, 0.1, 0.7),
    "trunc_normal": drawn(init.trunc_normal_, 0.0, 1.0, -0.5, 2.0),
    "xavier_uniform": drawn(init.xavier_uniform_, 1.5),
    "xavier_normal": drawn(init.xavier_normal_),
    "kaiming_uniform": drawn(init.kaiming_uniform_, 0.2, "fan_in", "leaky_relu"),
    "kaiming_normal": drawn(init.kaiming_normal_, 0.0, "fan_out", "relu"),
    "gains": [init.calculate_gain(name) for name in ["linear", "sigmoid", "tanh", "relu", "selu"]]
    + [init.calculate_gain("leaky_relu", 0.2)],
    "hadamard": entries(hadamard(3)[:6, :5] / 8**0.5),
    "zero_one": entries(2**-1.0 * hadamard(3)[:6, :5]),
    "waves_wide": entries(waves(5, 8)),
    "waves_tall": entries(waves(9, 4)),
}))
