//! Generated events into messages, and what a faulty producer sends instead.

use super::{Event, Generated};
use crate::{Codecs, Message, ProducerError};
use commonweal_schemas::Reason;
use commonweal_schemas::records::{FundingEvent, OrganisationEvent};
use commonweal_schemas::wire::PREFIX_BYTES;

/// A schema id that no registry gives out so soon.
const UNKNOWN_ID: u32 = 2_000_000_011;
/// What follows a record where bytes trail it: the start of another frame.
const TRAILING: [u8; 3] = [0; 3];

/// The message of `generated`, for a pipeline that reads at most
/// `message_bytes_max` bytes.
pub(super) fn message(
    generated: &Generated,
    codecs: &Codecs,
    message_bytes_max: usize,
) -> Result<Message, ProducerError> {
    let mut message = match &generated.event {
        Event::Funding(event) => codecs.funding_message(event)?,
        Event::Employment(event) => codecs.employment_message(event)?,
    };
    if let Some(reason) = generated.refused {
        tamper(&mut message, reason, &generated.event, codecs, message_bytes_max)?;
    }
    Ok(message)
}

/// Makes the bytes deserve a reason of the decode stage; others are deserved
/// by what the event says.
fn tamper(
    message: &mut Message,
    reason: Reason,
    event: &Event,
    codecs: &Codecs,
    message_bytes_max: usize,
) -> Result<(), ProducerError> {
    let value = &mut message.value;
    match reason {
        Reason::PayloadEmpty => value.clear(),
        Reason::PayloadTooLarge => {
            if let Event::Funding(event) = event {
                let event = FundingEvent { title: Some("x".repeat(message_bytes_max)), ..event.clone() };
                *value = codecs.funding.encode(&event)?;
            }
        }
        // JSON where Avro belongs is how this is mostly met.
        Reason::MagicWrong => value[0] = b'{',
        Reason::SchemaUnknown => value[1..PREFIX_BYTES].copy_from_slice(&UNKNOWN_ID.to_be_bytes()),
        Reason::SchemaIncompatible => {
            let codec = codecs.organisation.as_ref().ok_or(ProducerError::NoCodec("organisation"))?;
            *value = codec.encode(&stray(event))?;
        }
        Reason::BodyTruncated => value.truncate(PREFIX_BYTES + (value.len() - PREFIX_BYTES) / 2),
        Reason::BodyMalformed => break_text(value, source_of(event)),
        Reason::TrailingBytes => value.extend_from_slice(&TRAILING),
        _ => {}
    }
    Ok(())
}

/// A register row on a topic of events, with the event's id for a name so that
/// no two are alike.
fn stray(event: &Event) -> OrganisationEvent {
    let (Event::Funding(FundingEvent { event_id, .. })
    | Event::Employment(commonweal_schemas::records::EmploymentEvent { event_id, .. })) = event;
    OrganisationEvent {
        organisation_id: format!("GB-CHC-{}", super::organisations::CHARITY_BASE),
        name: format!("Synthetic {event_id}"),
        ..OrganisationEvent::default()
    }
}

fn source_of(event: &Event) -> &str {
    match event {
        Event::Funding(event) => &event.source,
        Event::Employment(event) => &event.source,
    }
}

/// Makes the last byte of `source`, the first field, no UTF-8.
fn break_text(value: &mut [u8], source: &str) {
    // Avro writes a length as a zigzag varint: 63 is the last in one byte.
    let length_bytes = if source.len() < 64 { 1 } else { 2 };
    if let Some(byte) = value.get_mut(PREFIX_BYTES + length_bytes + source.len() - 1) {
        *byte = 0xFF;
    }
}
