//! Whether what was traced adds up.

use super::arithmetic::{self, Operation, Part, RowId};
use super::asked::{self, Amount, Cell};
use super::evidence::{Balance, Evidence};
use super::numbers::{self, Number};
use super::unfold::{self, Unfolding, Wanted};
use super::{Valued, arithmetic::CENTRAL};
use crate::PublishError;
use crate::tables::{self, Table, Type};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A figure that its parts do not give, or a part that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub row: RowId,
    pub figure: String,
    pub reason: String,
}

/// What came of tracing all figures of a table.
#[derive(Clone, Debug)]
pub struct Traced {
    pub table: &'static str,
    /// Figures that have a value.
    pub figures: usize,
    pub gaps: Vec<Gap>,
}

/// Figures followed to their ends, and what is there.
pub(super) struct Followed {
    pub(super) unfolding: Unfolding,
    pub(super) evidence: Evidence,
    pub(super) numbers: BTreeMap<RowId, Number>,
}

impl Followed {
    pub(super) async fn new(valued: &Valued, wanted: Wanted) -> Result<Self, PublishError> {
        let unfolding = unfold::unfold(valued, wanted).await?;
        let evidence = valued.evidence(unfolding.leaves()).await?;
        let numbers = numbers::find(&valued.method, unfolding.leaves());
        Ok(Self { unfolding, evidence, numbers })
    }

    /// Everything that does not add up: of the rows asked for, of every row on
    /// the way, and of balances against their entries.
    pub(super) fn gaps(&self, cells: &[Cell]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for cell in cells {
            for told in &cell.told {
                let asked = Part { row: cell.row.clone(), figure: told.column.to_owned() };
                if let Some(reason) = against(&self.unfolding, &asked, told.exact) {
                    gaps.push(Gap { row: asked.row, figure: asked.figure, reason });
                }
            }
        }
        for (row, figure, parts) in self.unfolding.figures() {
            for factor in parts.terms.values().flat_map(|term| &term.factors) {
                let Some(part) = &factor.part else { continue };
                let reason = match factor.operation {
                    Operation::From => {
                        (!self.is_there(part)).then(|| format!("rests on {}, which is not there", name(part)))
                    }
                    _ => (0..3).find_map(|variant| self.differs(part, variant, factor.values[variant])),
                };
                gaps.extend(reason.map(|reason| Gap { row: row.clone(), figure: figure.to_owned(), reason }));
            }
        }
        gaps.extend(self.evidence.balances.values().filter_map(unbalanced));
        gaps
    }

    fn is_there(&self, part: &Part) -> bool {
        self.unfolding.find(part, CENTRAL).is_some() || self.evidence.has(part) || self.numbers.contains_key(&part.row)
    }

    /// How a factor differs from the part that it is.
    fn differs(&self, part: &Part, variant: usize, factor: Option<Decimal>) -> Option<String> {
        let there = if let Some((figure, own)) = self.unfolding.find(part, variant) {
            let value = factor?;
            // A published figure is rounded when it is published.
            let is_equal = match scale_of(part, variant) {
                Some(scale) => arithmetic::comes_to(figure, own, value, scale),
                None => figure.sum(own).is_some_and(|sum| arithmetic::comes_to(figure, own, value, sum.scale())),
            };
            if is_equal {
                return None;
            }
            figure.sum(own)
        } else if self.evidence.has(part) {
            self.evidence.value(part)
        } else if let Some(number) = self.numbers.get(&part.row) {
            number.value(&part.figure, variant)
        } else if factor.is_some_and(|factor| factor.is_zero()) && self.unfolding.is_traced(&part.row) {
            // A sum of nothing.
            return None;
        } else {
            return Some(format!("is made of {}, which is not there", name(part)));
        };
        let tell = |told: Option<Decimal>| told.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        (there != factor).then(|| format!("takes {} for {}, which is {}", name(part), tell(factor), tell(there)))
    }
}

/// How a balance differs from its entries.
fn unbalanced(balance: &Balance) -> Option<Gap> {
    let sum = balance.entries.iter().fold(Decimal::ZERO, |sum, entry| sum + entry.quantity);
    let entries: i64 = balance.entries.iter().map(|entry| i64::from(entry.entry)).sum();
    let (quantity, count) = (balance.quantity, balance.counts[0]);
    (sum != quantity || entries != count).then(|| Gap {
        row: RowId { table: balance.table.to_owned(), key: balance.number.to_string() },
        figure: "quantity".to_owned(),
        reason: format!("is {quantity} in {count} entries; the journal's come to {sum} in {entries}"),
    })
}

/// How a figure differs from what its parts come to.
fn against(unfolding: &Unfolding, asked: &Part, exact: Option<Amount>) -> Option<String> {
    let found = unfolding.find(asked, CENTRAL);
    let sum = found.and_then(|(figure, variant)| figure.sum(variant));
    let is_equal = match (exact, found) {
        (None, _) => sum.is_none(),
        // A sum of nothing.
        (Some(Amount::Decimal(value, _)), None) if value.is_zero() => true,
        (Some(_), None) => return Some("the method does not say what it is made of".to_owned()),
        (Some(Amount::Decimal(value, scale)), Some((figure, variant))) => {
            arithmetic::comes_to(figure, variant, value, scale)
        }
        (Some(Amount::Double(value)), Some((figure, variant))) => arithmetic::comes_near(figure, variant, value),
    };
    let tell = |told: Option<String>| told.unwrap_or_else(|| "nothing".to_owned());
    let stated = tell(exact.map(|exact| exact.to_string()));
    (!is_equal).then(|| format!("is {stated}; its parts come to {}", tell(sum.map(|sum| sum.to_string()))))
}

fn name(part: &Part) -> String {
    format!("{}.{} of {:?}", part.row.table, part.figure, part.row.key)
}

/// Decimals of a published figure.
fn scale_of(part: &Part, variant: usize) -> Option<u32> {
    let single = format!("{}_{}", part.figure, arithmetic::VARIANTS[variant]);
    let columns = Table::named(&part.row.table)?.columns;
    let column = columns.iter().find(|column| column.name == part.figure || column.name == single)?;
    match column.kind {
        Type::Decimal(scale) => Some(u32::from(scale.unsigned_abs())),
        Type::BigInt => Some(0),
        _ => None,
    }
}

/// Traces every figure of every published table.
pub(super) async fn all(valued: &Valued) -> Result<Vec<Traced>, PublishError> {
    let mut wanted = Wanted::default();
    let mut traced = Vec::new();
    let mut cells = Vec::new();
    for table in tables::ALL.iter().filter(|table| table.figures().next().is_some()) {
        let of_table = asked::every(valued, table).await?;
        for cell in &of_table {
            for told in &cell.told {
                wanted.add(&cell.row, told.column);
            }
        }
        let told = of_table.iter().flat_map(|cell| &cell.told);
        traced.push(Traced {
            table: table.name,
            figures: told.filter(|told| told.exact.is_some()).count(),
            gaps: Vec::new(),
        });
        cells.extend(of_table);
    }
    for gap in Followed::new(valued, wanted).await?.gaps(&cells) {
        // What is on the way to several tables is told with the first.
        let own = traced.iter().position(|traced| traced.table == gap.row.table).unwrap_or(0);
        if let Some(traced) = traced.get_mut(own) {
            traced.gaps.push(gap);
        }
    }
    Ok(traced)
}
