//! The register of the synthetic organisations.

use super::organisations::{Organisation, funders, organisations};
use super::plan::{Plan, Shape};
use crate::ProducerError;
use commonweal_schemas::records::OrganisationEvent;
use std::io::Write;

/// Columns of the register's CSV.
const HEADER: [&str; 9] =
    ["organisation_id", "name", "aliases", "legal_form", "sic", "icnptso", "postcode", "valid_from", "valid_to"];

/// The register of a plan's organisations and funders: preferred org-id,
/// aliases, legal form and sector. Rows hold for all days.
#[must_use]
pub fn register(seed: u64, plan: &Plan) -> Vec<OrganisationEvent> {
    let count = match &plan.shape {
        Shape::Region(region) => region.organisations,
        Shape::Load { .. } => super::load::ORGANISATIONS,
    };
    let receivers = organisations(seed, count).into_iter().map(row);
    let givers = funders().into_iter().map(|funder| OrganisationEvent {
        organisation_id: funder.id,
        name: funder.name.to_owned(),
        legal_form: Some("TRUST".to_owned()),
        ..OrganisationEvent::default()
    });
    receivers.chain(givers).collect()
}

fn row(organisation: Organisation) -> OrganisationEvent {
    OrganisationEvent {
        organisation_id: organisation.id,
        name: organisation.name,
        aliases: organisation.alias.into_iter().collect(),
        legal_form: Some(organisation.legal_form.to_owned()),
        sic: Some(organisation.sic.to_owned()),
        icnptso: Some(organisation.icnptso.to_owned()),
        postcode: organisation.place.postcode,
        valid_from: None,
        valid_to: None,
    }
}

/// Writes a register as CSV with a header row; aliases are joined by `;`,
/// dates are ISO 8601, what is not known is empty.
///
/// # Errors
/// [`ProducerError::Register`] where the writer fails.
pub fn register_csv<W: Write>(register: &[OrganisationEvent], writer: W) -> Result<(), ProducerError> {
    let mut csv = csv::Writer::from_writer(writer);
    csv.write_record(HEADER)?;
    for row in register {
        let (from, to) = (iso(row.valid_from), iso(row.valid_to));
        csv.write_record([
            &row.organisation_id,
            &row.name,
            &row.aliases.join(";"),
            row.legal_form.as_deref().unwrap_or_default(),
            row.sic.as_deref().unwrap_or_default(),
            row.icnptso.as_deref().unwrap_or_default(),
            row.postcode.as_deref().unwrap_or_default(),
            &from,
            &to,
        ])?;
    }
    csv.flush().map_err(|error| ProducerError::Register(error.into()))
}

fn iso(day: Option<i32>) -> String {
    day.and_then(chrono::NaiveDate::from_epoch_days).map(|date| date.to_string()).unwrap_or_default()
}
