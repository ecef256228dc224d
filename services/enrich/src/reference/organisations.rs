//! Organisations: ids that name one body, and what the register says of it.

pub(crate) mod bodies;

use crate::source::{Source, day, text};
use crate::vocabulary::Vocabulary;
use crate::{Kind, ReferenceError, UNKNOWN};
use arrow::array::ArrayRef;
use bodies::Bodies;

/// A register row: what is known of a body from one day to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegisterRow {
    body: u32,
    /// Whether the row is under the body's preferred id, not under an alias.
    preferred: bool,
    /// First and last day the row holds, days since 1970-01-01.
    from: i32,
    to: i32,
    pub legal_form: i32,
    pub sic: i32,
    pub icnptso: i32,
}

impl RegisterRow {
    /// Where the row stands among those of its body: the first that holds on a
    /// day counts.
    fn rank(&self) -> impl Ord + use<> {
        (self.body, !self.preferred, std::cmp::Reverse(self.from))
    }
}

/// A body: one or more ids and its rows in the register.
#[derive(Clone, Copy, Debug, Default)]
struct Body {
    preferred: u32,
    first_row: u32,
    rows: u32,
}

/// How an id was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved<'a> {
    /// Number of the id that was asked for.
    pub id: u32,
    /// Number of the body's preferred id.
    pub preferred: u32,
    /// What the register says of the day, if it says anything.
    pub row: Option<&'a RegisterRow>,
}

/// The organisations of a version.
#[derive(Debug)]
pub(crate) struct Organisations {
    ids: Vocabulary,
    /// Body of each id, by the id's number.
    body_of: Vec<u32>,
    bodies: Vec<Body>,
    rows: Vec<RegisterRow>,
    pub legal_form_values: ArrayRef,
    pub sic_values: ArrayRef,
    pub icnptso_values: ArrayRef,
}

impl Organisations {
    /// Resolves an id as of a day; `None` where no table names it. Without a
    /// day no register row holds.
    #[inline]
    pub(crate) fn resolve(&self, id: &str, day: Option<i32>) -> Option<Resolved<'_>> {
        let id = self.ids.find(id)?;
        let body = &self.bodies[self.body_of[id as usize] as usize];
        let rows = &self.rows[body.first_row as usize..(body.first_row + body.rows) as usize];
        let row = day.and_then(|day| rows.iter().find(|row| row.from <= day && day <= row.to));
        Some(Resolved { id, preferred: body.preferred, row })
    }

    /// The body's preferred id, by number: what a counterparty resolves to.
    #[inline]
    pub(crate) fn preferred_number(&self, id: &str) -> Option<(u32, u32)> {
        let id = self.ids.find(id)?;
        Some((id, self.bodies[self.body_of[id as usize] as usize].preferred))
    }

    pub(crate) fn preferred(&self, id: &str) -> Option<&str> {
        self.preferred_number(id).map(|(_, preferred)| self.id(preferred))
    }

    /// Text of an id's number.
    #[inline]
    pub(crate) fn id(&self, number: u32) -> &str {
        self.ids.get(number)
    }

    pub(crate) fn registered_count(&self) -> usize {
        self.bodies.iter().filter(|body| body.rows > 0).count()
    }

    /// # Errors
    /// A table cannot be read.
    pub(crate) fn build(source: &Source) -> Result<Self, ReferenceError> {
        let Bodies { ids, body_of, preferred } = bodies::bodies(source)?;
        let mut register = Register::new()?;
        register.read(source, &ids, &body_of, &preferred)?;
        let mut bodies: Vec<Body> =
            preferred.into_iter().map(|preferred| Body { preferred, ..Body::default() }).collect();
        register.rows.sort_by_key(RegisterRow::rank);
        for (position, row) in (0..).zip(&register.rows) {
            let body = &mut bodies[row.body as usize];
            if body.rows == 0 {
                body.first_row = position;
            }
            body.rows += 1;
        }
        Ok(Self {
            ids,
            body_of,
            bodies,
            rows: register.rows,
            legal_form_values: register.legal_forms.values()?,
            sic_values: register.sics.values()?,
            icnptso_values: register.icnptsos.values()?,
        })
    }
}

/// Rows of the register as they are read.
struct Register {
    rows: Vec<RegisterRow>,
    legal_forms: Vocabulary,
    sics: Vocabulary,
    icnptsos: Vocabulary,
}

impl Register {
    fn new() -> Result<Self, ReferenceError> {
        Ok(Self {
            rows: Vec::new(),
            legal_forms: Vocabulary::with(&[UNKNOWN])?,
            sics: Vocabulary::with(&[UNKNOWN])?,
            icnptsos: Vocabulary::with(&[UNKNOWN])?,
        })
    }

    fn read(
        &mut self,
        source: &Source,
        ids: &Vocabulary,
        body_of: &[u32],
        preferred: &[u32],
    ) -> Result<(), ReferenceError> {
        for batch in source.batches(Kind::Organisations)? {
            let batch = batch?;
            let (id, from, to) = (text(&batch, 0), day(&batch, 1), day(&batch, 2));
            let (legal_form, sic, icnptso) = (text(&batch, 5), text(&batch, 6), text(&batch, 7));
            for row in 0..batch.num_rows() {
                let Some(number) = id(row).and_then(|id| ids.find(id)) else {
                    continue;
                };
                let body = body_of[number as usize];
                self.rows.push(RegisterRow {
                    body,
                    preferred: preferred[body as usize] == number,
                    from: from(row).unwrap_or(i32::MIN),
                    to: to(row).unwrap_or(i32::MAX),
                    legal_form: self.legal_forms.key(legal_form(row).unwrap_or(UNKNOWN))?,
                    sic: self.sics.key(sic(row).unwrap_or(UNKNOWN))?,
                    icnptso: self.icnptsos.key(icnptso(row).unwrap_or(UNKNOWN))?,
                });
            }
        }
        Ok(())
    }
}
