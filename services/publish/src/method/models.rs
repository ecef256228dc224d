//! `models/*.sql`: one query per table, and the parameters each needs.

use super::parameters::Parameter;
use crate::error::MethodError;
use crate::{disclosure, tables};

/// Comment line that names the parameters of a model.
const NEEDS: &str = "-- parameters:";

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the model, and of the table it makes.
    pub name: String,
    pub sql: String,
}

/// Reads the models named in `order`.
///
/// A model says in `-- parameters: a, b` which parameters it reads, or `none`.
/// Each must be in the book and be quoted in the query.
pub(super) fn read<'a>(
    order: &[String],
    text: impl Fn(&str) -> Result<&'a str, MethodError>,
    parameters: &[Parameter],
    faults: &mut Vec<MethodError>,
) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::with_capacity(order.len());
    for name in order {
        let file = format!("models/{name}.sql");
        let sql = match text(&file) {
            Ok(sql) => sql,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let mut declared = false;
        for (line, needs) in (1..).zip(sql.lines()).filter_map(|(line, text)| Some((line, text.strip_prefix(NEEDS)?))) {
            declared = true;
            let ids = needs.split(',').map(str::trim).filter(|id| *id != "none");
            faults.extend(ids.filter_map(|id| check(&file, line, id, sql, parameters).err()));
        }
        if !declared {
            faults.push(MethodError::file(file, format!("no line {NEEDS:?} names its parameters, or none")));
        }
        if models.iter().any(|model| model.name == *name) {
            faults.push(MethodError::file(super::about::FILE, format!("model {name} is named twice")));
        }
        models.push(Model { name: name.clone(), sql: sql.to_owned() });
    }
    let needed = tables::ALL.iter().map(|table| (table.name, "is published"));
    for (needed, why) in needed.chain(disclosure::MODELS.map(|name| (name, "disclosure control reads"))) {
        if !order.iter().any(|name| name == needed) {
            let reason = format!("models does not name {needed}, which {why}");
            faults.push(MethodError::file(super::about::FILE, reason));
        }
    }
    models
}

fn check(file: &str, line: u64, id: &str, sql: &str, parameters: &[Parameter]) -> Result<(), MethodError> {
    if !sql.contains(&format!("'{id}'")) {
        return Err(MethodError::row(file, line, format!("parameter {id} is named but not used")));
    }
    if !parameters.iter().any(|parameter| parameter.id == id) {
        let reason = format!("parameter {id} is needed and not in {}", super::parameters::FILE);
        return Err(MethodError::row(file, line, reason));
    }
    Ok(())
}
