"""Writes trajectories.toml: runs that `constinit run` can repeat, as PyTorch trains them in float64.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0
    venv/bin/python trajectories.py > trajectories.toml

Nothing here is part of the tests; they read the file that it wrote.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
ACTIVATIONS = {
    "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu,
    "silu": F.silu, "softplus": F.softplus, "leaky-relu": F.leaky_relu, "identity": lambda x: x,
}
LOSSES = {"mse": nn.MSELoss(), "cross-entropy": nn.CrossEntropyLoss(), "huber": nn.HuberLoss()}
OPTIMIZERS = {
    "sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad,
}
NAMES = {"learning_rate": "lr", "epsilon": "eps"}


def network(case):
    dims, w, b = case["layer_dims"], case.get("init_w", 1.0), case.get("init_b", 0.5)
    layers = []
    for i, (d_in, d_out) in enumerate(zip(dims, dims[1:])):
        layer = nn.Linear(d_in, d_out, bias=case.get("bias", True))
        with torch.no_grad():
            row = w + torch.arange(d_in).double() if i == 0 else torch.full((d_in,), float(w))
            layer.weight.copy_(row.repeat(d_out, 1))
            if layer.bias is not None:
                layer.bias.fill_(b)
        layers.append(layer)
    return nn.ModuleList(layers)


def forward(layers, activation, x):
    for layer in layers[:-1]:
        x = ACTIVATIONS[activation](layer(x))
    return layers[-1](x)


def train(case):
    layers = network(case)
    settings = dict(case["optimizer"])
    optimizer = OPTIMIZERS[settings.pop("type")](
        layers.parameters(), **{NAMES.get(k, k): v for k, v in settings.items()})
    x, y = torch.tensor(case["inputs"]), torch.tensor(case["targets"])
    classes = case["loss"] == "cross-entropy" and y.shape[1] == 1
    size, shift, losses = case.get("batch_size", len(x)), case.get("shift_per_step", 0.0), []
    parts = -(-len(x) // size)
    for i in range(case["steps"]):
        part = slice(i % parts * size, (i % parts + 1) * size)
        bx, by = x[part] + i * shift, y[part] + i * shift
        target = by[:, 0].long() if classes else by
        loss = LOSSES[case["loss"]](forward(layers, case["activation"], bx), target)
        optimizer.zero_grad()
        loss.backward()
        if "clip_norm" in case:
            nn.utils.clip_grad_norm_(layers.parameters(), case["clip_norm"])
        if "clip_value" in case:
            nn.utils.clip_grad_value_(layers.parameters(), case["clip_value"])
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach().flatten().tolist() for p in layers.parameters()]


def data(seed, examples, inputs, outputs, classes=False):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(examples, inputs, generator=g)
    if classes:
        y = torch.randint(0, outputs, (examples, 1), generator=g).double()
    else:
        y = torch.randn(examples, outputs, generator=g)
    four = lambda t: [[round(v, 4) for v in row] for row in t.tolist()]
    return {"inputs": four(x), "targets": four(y)}


def case(name, dims, activation, loss, optimizer, steps=60, examples=6, classes=False, **more):
    seed = sum(map(ord, name))
    return {"name": name, "layer_dims": dims, "activation": activation, "loss": loss,
            "optimizer": optimizer, "steps": steps,
            **data(seed, examples, dims[0], dims[-1], classes), **more}


CASES = [
    case("relu", [3, 4, 2], "relu", "mse", {"type": "sgd", "learning_rate": 0.01}),
    case("momentum and decay", [3, 5, 2], "tanh", "mse", {
        "type": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01}, init_w=0.25),
    case("dampening", [2, 3, 2], "tanh", "mse", {
        "type": "sgd", "learning_rate": 0.05, "momentum": 0.8, "dampening": 0.3}, init_w=0.5),
    case("deep adam", [2, 3, 4, 3, 1], "sigmoid", "mse", {"type": "adam", "learning_rate": 0.05}),
    case("coupled decay", [2, 4, 2], "tanh", "mse", {
        "type": "adam", "learning_rate": 0.02, "weight_decay": 0.1, "betas": [0.8, 0.99]}),
    case("adamw", [3, 4, 2], "gelu", "mse", {
        "type": "adamw", "learning_rate": 0.01, "weight_decay": 0.1}, init_w=-0.5),
    case("rmsprop", [3, 4, 2], "silu", "mse", {"type": "rmsprop", "learning_rate": 0.01}),
    case("centered", [3, 4, 2], "tanh", "mse", {
        "type": "rmsprop", "learning_rate": 0.005, "centered": True, "momentum": 0.5,
        "epsilon": 0.001}, init_w=0.3),
    case("adagrad", [3, 4, 2], "softplus", "mse", {
        "type": "adagrad", "learning_rate": 0.2, "lr_decay": 0.01}),
    case("nesterov", [3, 4, 2], "leaky-relu", "huber", {
        "type": "sgd", "learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
    case("no bias", [2, 3, 3, 2], "identity", "mse", {
        "type": "sgd", "learning_rate": 0.002}, bias=False),
    case("classes", [3, 4, 3], "tanh", "cross-entropy", {
        "type": "adam", "learning_rate": 0.05, "amsgrad": True}, classes=True, examples=9),
    case("shift", [3, 2, 4], "relu", "mse", {
        "type": "sgd", "learning_rate": 0.001}, shift_per_step=0.1, steps=40),
    case("parts", [3, 4, 2], "gelu", "huber", {
        "type": "sgd", "learning_rate": 0.05}, batch_size=4, examples=10),
    case("norm", [3, 4, 2], "relu", "mse", {
        "type": "sgd", "learning_rate": 0.05}, clip_norm=0.5),
    case("value", [3, 4, 2], "silu", "mse", {
        "type": "sgd", "learning_rate": 0.05}, clip_value=0.1),
    case("zeros", [3, 4, 2], "leaky-relu", "mse", {
        "type": "sgd", "learning_rate": 0.1}, init_w=-1.0, init_b=0.0),
    case("softplus at 0", [1, 4, 2], "softplus", "mse", {
        "type": "sgd", "learning_rate": 0.1}, init_w=0.0, init_b=0.0),
]


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value)


TABLES = {"model": ["layer_dims", "activation", "bias", "init_w", "init_b"],
          "data": ["inputs", "targets", "shift_per_step", "batch_size"],
          "training": ["steps", "loss", "clip_norm", "clip_value", "optimizer"]}

if __name__ == "__main__":
    print(f"# Written by trajectories.py with PyTorch {torch.__version__.split('+')[0]}, float64.")
    for c in CASES:
        losses, parameters = train(c)
        print(f"\n[[run]]\nname = {toml(c['name'])}")
        print(f"losses = {toml(losses)}\nparameters = {toml(parameters)}")
        for table, keys in TABLES.items():
            print(f"[run.config.{table}]")
            for key in keys:
                if key in c:
                    print(f"{key} = {toml(c[key])}")
