"""Makes `layouts.pt`, `layouts.safetensors`, `unread.pt`, `quantised.pt` and `training.pt` of this folder, with PyTorch 1.13.

    python layouts.py

`layouts.safetensors` holds the tensors of `layouts.pt` as NumPy copies them into row-major order.
"""

import collections
import json
import struct

import torch

torch.manual_seed(5)
table = torch.randn(5, 6)
image = torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last)
image[3] = image[1]
integers = torch.randint(-90, 90, (4, 3), dtype=torch.int64)
integers[2] = integers[0]
layouts = collections.OrderedDict(
    rows=torch.randn(1, 6).expand(12, 6),  # stride 0: one row twelve times
    columns=torch.randn(4, 1).expand(4, 7),
    planes=torch.randn(2, 1, 3).expand(2, 5, 3),
    both=torch.randn(1, 3, 1).expand(4, 3, 2),
    turned=table.t(),
    offset=table[2:, 1:4],
    step=table[::2, ::3],
    channels_last=image,
    scalar=torch.tensor(3.5),
    shared=table,
    empty=torch.zeros(4, 0),
    int64=integers * 2**40 + integers,
    int64_turned=integers.t(),
    int32=integers.int(),
    int16=integers.short(),
    int8=integers.to(torch.int8),
    uint8=(integers % 7).to(torch.uint8),
    flags=integers % 2 == 0,
    complex64=torch.view_as_complex(torch.randn(4, 3, 2)),
    complex128=torch.view_as_complex(torch.randn(3, 4, 2, dtype=torch.float64)).t(),
)
torch.save(layouts, "layouts.pt")

types = {"int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}
types |= {"float32": "F32", "complex64": "C64", "complex128": "C128"}
head, body = {}, b""
for name, tensor in layouts.items():
    raw = tensor.numpy().tobytes()
    head[name] = {
        "dtype": types[str(tensor.numpy().dtype)],
        "shape": list(tensor.shape),
        "data_offsets": [len(body), len(body) + len(raw)],
    }
    body += raw
text = json.dumps(head).encode()
with open("layouts.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)

torch.save(
    {
        "fc.weight": torch.randn(4, 6),
        "coo.weight": torch.eye(6).to_sparse(),
        "csr.weight": torch.eye(6).to_sparse_csr(),
        "meta.weight": torch.zeros(3, 2, device="meta"),
        "array": torch.randn(3, 2).numpy(),
        "random_state": torch.arange(5).numpy(),
        # The weight of this bias can be compared, and its units cannot.
        "sp.weight": torch.ones(3, 2),
        "sp.bias": torch.eye(3)[0].to_sparse(),
    },
    "unread.pt",
)

rows = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0], [0.5, -1.0, 2.0], [1.0, 1.0, 1.0]])
torch.save(
    {
        "tensor": torch.quantize_per_tensor(rows, 0.5, 3, torch.qint8),
        "unsigned": torch.quantize_per_tensor(rows, 0.25, 8, torch.quint8),
        "wide": torch.quantize_per_tensor(rows, 0.5, -7, torch.qint32),
        "channels": torch.quantize_per_channel(
            rows, torch.tensor([0.5, 1.0, 0.25, 0.5]), torch.tensor([0, 1, 2, 3]), 0, torch.qint8
        ),
        "zero_points": torch.tensor([3, 8, -7]),
    },
    "quantised.pt",
)

net = torch.nn.Sequential(torch.nn.Embedding(6, 4), torch.nn.Linear(4, 3))
adam = torch.optim.Adam(net.parameters())
net(torch.arange(3)).pow(2).mean().backward()
adam.step()
torch.save(
    {
        "epoch": 1,
        "model": {f"_orig_mod.{name}": tensor for name, tensor in net.state_dict().items()},
        "model_ema": net.state_dict(),
        "optimizer": adam.state_dict(),
        "lr_schedulers": [{"base": torch.ones(2, 2)}],
    },
    "training.pt",
)
