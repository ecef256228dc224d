//! A body into the messages that are sent, or everything that is wrong with it.

use crate::answer::{FieldError, Refusal};
use crate::cloud_events;
use crate::media::{self, Form};
use crate::{Judge, RawTopic};
use commonweal_schemas::json::{Document, JsonMapping, Malformed, MappingError};
use commonweal_schemas::{Reason, partitioner, wire};

/// Reads what goes to one raw topic.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) raw: RawTopic,
    mapping: JsonMapping,
    batch_events_max: usize,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) key: Vec<u8>,
    /// Framed.
    pub(crate) value: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(raw: RawTopic, batch_events_max: usize) -> Result<Self, MappingError> {
        let mapping = JsonMapping::new(raw.dataset.contract())?;
        Ok(Self { raw, mapping, batch_events_max })
    }

    pub(crate) const fn mapping(&self) -> &JsonMapping {
        &self.mapping
    }

    /// The events of a body, all of them sound.
    ///
    /// # Errors
    /// Any event is not: then none is taken.
    pub(crate) fn prepare(&self, form: &Form, body: &[u8], judge: &dyn Judge) -> Result<Vec<Event>, Refusal> {
        let mut errors = Vec::new();
        let events = if let Form::Lines(attributes) = form {
            if *attributes {
                errors.push(FieldError {
                    line: None,
                    field: Some("ce-*".to_owned()),
                    reason: judge.unreadable("ce-*"),
                    message: "headers ce-* describe one event; a batch has none".to_owned(),
                });
            }
            self.lines(body, judge, &mut errors)?
        } else {
            let document = self.one(form, body).map_err(|malformed| Refusal::Malformed(malformed.to_string()))?;
            vec![self.event(None, &document, judge, &mut errors)]
        };
        self.hold_to_rules(&events, judge, &mut errors)?;
        if errors.is_empty() {
            return Ok(events.into_iter().map(|(_, event)| event).collect());
        }
        errors.sort_by_key(|error| error.line);
        match errors.iter().find(|error| error.reason == Reason::PayloadTooLarge) {
            Some(error) if errors.len() == 1 => Err(Refusal::TooLarge(error.message.clone())),
            _ => Err(Refusal::Broken(errors)),
        }
    }

    fn one<'a>(&self, form: &Form, body: &'a [u8]) -> Result<Document<'a>, Malformed> {
        match form {
            Form::Structured(beside) => cloud_events::open(&self.mapping, beside.as_ref(), body),
            Form::Binary(attributes) => {
                let mut document = self.mapping.read(body)?;
                attributes.state(&self.mapping, &mut document);
                Ok(document)
            }
            Form::Plain | Form::Lines(_) => self.mapping.read(body),
        }
    }

    /// The events of a batch by line; blank lines are none.
    fn lines(
        &self,
        body: &[u8],
        judge: &dyn Judge,
        errors: &mut Vec<FieldError>,
    ) -> Result<Vec<(Option<usize>, Event)>, Refusal> {
        let lines: Vec<(usize, &[u8])> = media::lines(body).collect();
        if lines.is_empty() {
            return Err(Refusal::Malformed("the batch holds no event".to_owned()));
        }
        if lines.len() > self.batch_events_max {
            let (events, most) = (lines.len(), self.batch_events_max);
            return Err(Refusal::TooLarge(format!("the batch holds {events} events, at most {most} are allowed")));
        }
        let mut events = Vec::with_capacity(lines.len());
        for (line, text) in lines {
            match self.mapping.read(text) {
                Ok(document) => events.push(self.event(Some(line), &document, judge, errors)),
                Err(malformed) => errors.push(FieldError {
                    line: Some(line),
                    field: None,
                    reason: Reason::BodyMalformed,
                    message: malformed.to_string(),
                }),
            }
        }
        Ok(events)
    }

    /// The message of a document; what of it could not be taken is an error.
    fn event(
        &self,
        line: Option<usize>,
        document: &Document<'_>,
        judge: &dyn Judge,
        errors: &mut Vec<FieldError>,
    ) -> (Option<usize>, Event) {
        let mut value = Vec::with_capacity(256);
        wire::write_prefix(self.raw.schema_id, &mut value);
        for fault in self.mapping.write(document, &mut value) {
            let reason = judge.unreadable(&fault.field);
            errors.push(FieldError { line, field: Some(fault.field), reason, message: fault.message });
        }
        let text = |name| self.mapping.text(document, name).unwrap_or_default();
        (line, Event { key: partitioner::key_of(&text("source"), &text("event_id")), value })
    }

    /// Notes the rules that events break. Of a field that could not be taken
    /// that is said already, and it holds a placeholder.
    fn hold_to_rules(
        &self,
        events: &[(Option<usize>, Event)],
        judge: &dyn Judge,
        errors: &mut Vec<FieldError>,
    ) -> Result<(), Refusal> {
        let messages: Vec<&[u8]> = events.iter().map(|(_, event)| event.value.as_slice()).collect();
        let rejections = judge.judge(self.raw.dataset, &messages).map_err(|error| {
            tracing::error!(%error, dataset = self.raw.dataset.name(), "an event cannot be judged");
            Refusal::Fault
        })?;
        let unreadable: std::collections::HashSet<(Option<usize>, String)> =
            errors.iter().filter_map(|error| Some((error.line, error.field.clone()?))).collect();
        for rejection in rejections {
            let line = events.get(rejection.row as usize).and_then(|(line, _)| *line);
            let field = rejection.field.map(str::to_owned);
            let said = field.clone().is_some_and(|field| unreadable.contains(&(line, field)));
            if !said {
                errors.push(FieldError { line, field, reason: rejection.reason, message: rejection.message });
            }
        }
        Ok(())
    }
}
