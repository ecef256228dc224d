//! What is served, as an OpenAPI 3.1 document. The events' schemas are those of
//! the mapping that reads them.

use crate::answer::ERRORS_MAX;
use crate::media::{CLOUD_EVENT, JSON, LINES};
use crate::prepare::Reader;
use commonweal_schemas::{Dataset, Reason};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Fields that a `CloudEvents` attribute may state in place of the event.
const ATTRIBUTES: [&str; 3] = ["source", "event_id", "recorded_at"];
const INTRODUCTION: &str = "Events for the raw topics of Commonweal. 202 means that Kafka has acknowledged every \
    event of the request; whatever else is answered, the request may be sent again as it is: an event is known by \
    source and event_id, and the ledger posts it once.";

/// Path that a dataset's events are sent to.
pub(crate) fn path(dataset: Dataset) -> String {
    format!("/v1/{dataset}")
}

/// The document over all datasets; `keys` says whether a key is needed.
pub(crate) fn document(readers: &[Arc<Reader>], keys: bool) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for reader in readers {
        schemas.insert(event_name(reader), event(reader));
        paths.insert(path(reader.raw.dataset), json!({ "post": operation(reader, keys) }));
    }
    paths.insert("/openapi.json".to_owned(), json!({ "get": this_document() }));
    paths.insert("/health".to_owned(), json!({ "get": health() }));
    schemas.insert("Accepted".to_owned(), accepted());
    schemas.insert("Problem".to_owned(), problem());
    let mut components = json!({ "schemas": schemas });
    if keys {
        components["securitySchemes"] = json!({ "key": { "type": "http", "scheme": "bearer" } });
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Commonweal gateway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": components,
    })
}

/// Name of the contract's record without its namespace.
fn event_name(reader: &Reader) -> String {
    let name = reader.mapping().contract().record_name();
    name.rsplit('.').next().unwrap_or(name).to_owned()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn event(reader: &Reader) -> Value {
    let mut schema = reader.mapping().json_schema(&ATTRIBUTES);
    schema["description"] = format!(
        "An event of the {} contract. source, event_id and recorded_at are needed, unless CloudEvents attributes \
         state them. What else an event must keep to is judged by rules: see the reasons of a 422.",
        reader.mapping().contract().name()
    )
    .into();
    schema
}

fn operation(reader: &Reader, keys: bool) -> Value {
    let dataset = reader.raw.dataset;
    let name = event_name(reader);
    let mut operation = json!({
        "operationId": format!("send_{dataset}"),
        "summary": format!("Send {dataset} events"),
        "description": "One event as JSON, many as a line each, or a CloudEvent in binary mode (headers ce-*, the \
                        event as body) or structured mode. A batch is taken whole or not at all.",
        "parameters": parameters(reader),
        "requestBody": {
            "required": true,
            "content": {
                JSON: { "schema": reference(&name), "example": example(dataset) },
                LINES: {
                    "schema": {
                        "type": "array", "minItems": 1, "items": reference(&name),
                        "description": "One event a line.",
                    },
                },
                CLOUD_EVENT: { "schema": cloud_event(reader) },
            },
        },
        "responses": responses(),
    });
    if keys {
        operation["security"] = json!([{ "key": [] }]);
    }
    operation
}

/// The attributes of binary mode.
fn parameters(reader: &Reader) -> Value {
    let header = |name: &str, schema: Value, description: &str| {
        json!({
            "name": name, "in": "header", "required": false, "schema": schema, "description": description,
        })
    };
    let kind = reader.mapping().contract().record_name();
    json!([
        header(
            "ce-specversion",
            json!({ "type": "string", "enum": ["1.0"] }),
            "Binary mode: the version of CloudEvents."
        ),
        header("ce-type", json!({ "type": "string", "enum": [kind] }), "Binary mode: the contract's full name."),
        header("ce-id", json!({ "type": "string", "minLength": 1 }), "Binary mode: event_id, percent-encoded."),
        header("ce-source", json!({ "type": "string", "minLength": 1 }), "Binary mode: source, percent-encoded."),
        header("ce-time", json!({ "type": "string", "format": "date-time" }), "Binary mode: recorded_at."),
    ])
}

fn cloud_event(reader: &Reader) -> Value {
    json!({
        "type": "object",
        "required": ["specversion", "type", "id", "source", "data"],
        "properties": {
            "specversion": { "type": "string", "enum": ["1.0"] },
            "type": { "type": "string", "enum": [reader.mapping().contract().record_name()] },
            "id": { "type": "string", "minLength": 1, "description": "event_id" },
            "source": { "type": "string", "minLength": 1, "description": "source" },
            "time": { "type": "string", "format": "date-time", "description": "recorded_at" },
            "datacontenttype": { "type": "string", "enum": ["application/json"] },
            "data": reference(&event_name(reader)),
        },
    })
}

fn responses() -> Value {
    let problem = |description: &str| {
        json!({
            "description": description,
            "content": { "application/problem+json": { "schema": reference("Problem") } },
        })
    };
    let again = |description: &str| {
        let mut response = problem(description);
        response["headers"] = json!({
            "Retry-After": {
                "description": "Seconds to wait.", "required": true, "schema": { "type": "integer", "minimum": 1 },
            },
        });
        response
    };
    json!({
        "202": {
            "description": "Kafka has acknowledged every event.",
            "content": { JSON: { "schema": reference("Accepted") } },
        },
        "400": problem("The body is no JSON, or breaks off."),
        "401": problem("No known key."),
        "403": problem("The key is not for these events."),
        "408": problem("The body did not arrive in time."),
        "413": problem("The body, the batch or an event is too long."),
        "415": problem("The body is of a form that is not read."),
        "422": problem("Events break rules, each told by field and reason. Nothing was taken."),
        "429": again("The key has sent as many events as it may for now."),
        "500": problem("A fault of the gateway."),
        "503": again("Kafka or a place in flight is not to be had. A part may have arrived."),
    })
}

fn accepted() -> Value {
    json!({
        "type": "object",
        "required": ["accepted", "topic", "receipts"],
        "properties": {
            "accepted": { "type": "integer", "minimum": 1, "description": "Events taken." },
            "topic": { "type": "string" },
            "receipts": {
                "type": "array",
                "description": "Where each event lies, in their order; its origin in the journal.",
                "items": {
                    "type": "object",
                    "required": ["partition", "offset"],
                    "properties": {
                        "partition": { "type": "integer", "minimum": 0 },
                        "offset": {
                            "type": ["integer", "null"], "minimum": 0,
                            "description": "null where the answer of an earlier try was lost.",
                        },
                    },
                },
            },
        },
    })
}

fn problem() -> Value {
    let codes: Vec<Value> = Reason::ALL.iter().map(|reason| reason.code().into()).collect();
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": {
                "type": "array",
                "maxItems": ERRORS_MAX,
                "items": {
                    "type": "object",
                    "required": ["field", "reason", "message"],
                    "properties": {
                        "line": { "type": "integer", "minimum": 1, "description": "Line of the batch." },
                        "field": { "type": ["string", "null"], "description": "null: the event as a whole." },
                        "reason": { "type": "string", "enum": codes },
                        "message": { "type": "string" },
                    },
                },
            },
            "errors_omitted": { "type": "integer", "minimum": 1, "description": "How many more there are." },
        },
    })
}

fn this_document() -> Value {
    json!({
        "operationId": "openapi",
        "summary": "This document",
        "responses": { "200": { "description": "OpenAPI 3.1.", "content": { JSON: { "schema": { "type": "object" } } } } },
    })
}

fn health() -> Value {
    let problem = json!({ "application/problem+json": { "schema": reference("Problem") } });
    json!({
        "operationId": "health",
        "summary": "Whether events are taken now",
        "responses": {
            "200": {
                "description": "They are.",
                "content": { JSON: { "schema": { "type": "object", "required": ["status"] } } },
            },
            "503": { "description": "Kafka is away, or the gateway is ending.", "content": problem },
        },
    })
}

/// An event that keeps every rule.
fn example(dataset: Dataset) -> Value {
    match dataset {
        Dataset::Funding => json!({
            "source": "https://grants.example.org", "event_id": "award-2021-017",
            "recorded_at": "2021-01-31T12:00:00Z", "stage": "COMMITTED", "instrument": "GRANT",
            "funder_id": "GB-CHC-327114", "recipient_id": "GB-CHC-1159982", "recipient_name": "A Community Hub",
            "amount": "12500.00", "currency": "GBP", "occurred_on": "2021-01-15", "postcode": "L8 1TH",
        }),
        Dataset::Employment => json!({
            "source": "https://jobs.example.org", "event_id": "headcount-2021-q1",
            "recorded_at": "2021-04-02T09:30:00Z", "measure": "HEADCOUNT", "quantity": 12, "unit": "PERSONS",
            "as_of": "2021-03-31", "employer_id": "GB-CHC-1159982", "postcode": "L8 1TH",
        }),
    }
}
