//! What each operation asks of the axes it touches, by family.
//!
//! A rule has to make sure of one thing: permuting the members of the classes on the inputs
//! permutes those of the result, and changes nothing else. An operation without a rule fixes all
//! of its axes.

mod elementwise;
mod index;
mod linear;
mod reduce;
mod shape;
mod spatial;
mod uses;

pub(super) use reduce::shifts;
pub(super) use uses::entrywise;

use super::graph::Graph;
use super::union::Cause;
use burn_ir::{
    BaseOperationIr, BoolOperationIr, FloatOperationIr, IntOperationIr, ModuleOperationIr,
    OperationIr,
};

/// Applies the rule of an operation; whether there is one.
pub(super) fn apply(graph: &mut Graph, operation: &OperationIr) -> bool {
    let known = match operation {
        // The entries come from outside.
        OperationIr::Init(op) => {
            graph.fix_all(&op.out, Cause::Rule);
            true
        }
        OperationIr::Drop(_) => true,
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            base(graph, op)
        }
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => {
            elementwise::numeric(graph, op) || reduce::numeric(graph, op)
        }
        OperationIr::Float(_, op) => float(graph, op),
        OperationIr::Int(op) => int(graph, op),
        OperationIr::Bool(op) => bool(graph, op),
        OperationIr::Module(op) => module(graph, op),
        _ => false,
    };
    if !known {
        for tensor in operation.inputs().chain(operation.outputs()) {
            graph.fix_all(tensor, Cause::Unknown);
        }
    }
    known
}

fn base(graph: &mut Graph, operation: &BaseOperationIr) -> bool {
    shape::base(graph, operation)
        || index::base(graph, operation)
        || elementwise::base(graph, operation)
}

fn float(graph: &mut Graph, operation: &FloatOperationIr) -> bool {
    match operation {
        FloatOperationIr::Matmul(op) => {
            linear::matmul(graph, op);
            true
        }
        FloatOperationIr::GridSample2d(op) => {
            spatial::grid_sample(graph, op);
            true
        }
        _ => elementwise::float(graph, operation),
    }
}

fn int(graph: &mut Graph, operation: &IntOperationIr) -> bool {
    match operation {
        IntOperationIr::Matmul(op) => {
            linear::matmul(graph, op);
            true
        }
        _ => elementwise::int(graph, operation),
    }
}

fn bool(graph: &mut Graph, operation: &BoolOperationIr) -> bool {
    match operation {
        BoolOperationIr::IntoFloat(op) | BoolOperationIr::IntoInt(op) => {
            elementwise::unary(graph, &op.input, &op.out);
        }
        BoolOperationIr::Not(op) => elementwise::unary(graph, &op.input, &op.out),
        BoolOperationIr::And(op) | BoolOperationIr::Or(op) => elementwise::binary(graph, op),
    }
    true
}

fn module(graph: &mut Graph, operation: &ModuleOperationIr) -> bool {
    linear::module(graph, operation) || spatial::module(graph, operation)
}
