"""What torch.nn.init makes of small parameters, for tests/init_against_torch.rs.

    python3 init.py > init.json        (PyTorch 2.15.0)

Deterministic initialisers: all entries, as [outputs][inputs][kernel...], row by row. Random ones: 2000 sorted draws, and
for the sparse one the number of zeros in each column.
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

print(json.dumps({
    "constant": filled((3, 2), init.constant_, 0.25),
    "ones": filled((3, 2), init.ones_),
    "zeros": filled((3, 2), init.zeros_),
    "eye_wide": filled((3, 5), init.eye_),
    "eye_tall": filled((5, 3), init.eye_),
    "dirac": filled((4, 3, 5), init.dirac_),
    "dirac_2d_even": filled((2, 3, 4, 3), init.dirac_),
    "dirac_groups": filled((6, 2, 3), init.dirac_, 3),
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
}))
