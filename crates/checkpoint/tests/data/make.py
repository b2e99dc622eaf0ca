"""Makes the small files of this folder, with PyTorch 2.15.

    python make.py

`chain.bpk` and `chain.mpk` hold the same chain as Burn 0.21 stores it; `tests/inspect.rs` of the root package makes them.
`burn22*` are what Burn 0.22 writes of it: `cargo run -p constinit-burn-agreement --example burn22_files .` makes them.

`fc1` has three units, two of them distinct: units 0 and 2 are equal. `fc2` has equal weights for them, too.
"""

import collections
import torch

fc1 = torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
state = collections.OrderedDict(
    [
        ("fc1.weight", fc1),
        ("fc1.bias", torch.tensor([0.5, 0.5, 0.5])),
        ("fc2.weight", torch.tensor([[7.0, 8.0, 7.0]])),
        ("fc2.bias", torch.tensor([0.0])),
    ]
)
torch.save(state, "chain.pt")
torch.save(state, "legacy.pt", _use_new_zipfile_serialization=False)

table = torch.arange(12, dtype=torch.float64).reshape(3, 4)
torch.save(
    {
        "step": 7,
        "half": torch.tensor([[1.0, 2.0], [1.0, 2.0]], dtype=torch.float16),
        "brain": torch.tensor([[1.0, 2.0], [1.0, -2.0]], dtype=torch.bfloat16),
        "turned": table.t(),  # strides (1, 4): not row-major
        "column": table[:, 1:3],  # strides (4, 1), offset 1
        "tied": fc1,
        "also_tied": fc1,
        "expanded": torch.tensor([1.0]).expand(1000, 1000),
        "count": torch.tensor([1, 2, 3]),
        "flags": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.ones(2, 2)),
        "list": [torch.zeros(2, 2), {"deep": torch.ones(1, 2)}],
        "empty": torch.zeros(0, 4),
        "scalar": torch.tensor(3.0),
    },
    "mixed.pt",
)
module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
with torch.no_grad():
    for parameter in module.parameters():
        parameter.fill_(0.25)
torch.save(module, "module.pt")


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch was-called",)


torch.save({"w": torch.ones(2, 2), "evil": Evil()}, "calls.pt")
