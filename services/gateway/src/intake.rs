//! One request, from its head to its answer.

use crate::admission::Admission;
use crate::answer::{Receipt, Refusal, Taken};
use crate::keys::{Key, Keyring};
use crate::media::{self, Form};
use crate::prepare::{Event, Reader};
use crate::{Judge, body};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use commonweal_runtime::Shutdown;
use commonweal_runtime::config::GatewayConfig;
use commonweal_runtime::kafka::{AsyncSink, Delivered, Delivery, DeliveryError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bodies longer than this, and batches, are prepared on a thread that may be
/// busy for a while.
const INLINE_BYTES_MAX: usize = 16 << 10;
/// Part of the grace that acknowledgements are still awaited in; the rest is
/// for the answers.
const ACK_GRACE_DIVISOR: u32 = 2;

/// Everything that requests share.
pub(crate) struct Intake {
    pub(crate) config: GatewayConfig,
    pub(crate) keyring: Keyring,
    pub(crate) admission: Admission,
    pub(crate) sink: AsyncSink,
    pub(crate) judge: Arc<dyn Judge>,
    pub(crate) shutdown: Shutdown,
    pub(crate) grace: Duration,
}

/// What a request came to, for the log.
#[derive(Default)]
struct Noted {
    key: Option<Arc<Key>>,
    bytes: usize,
    events: usize,
}

impl Intake {
    /// Takes a request's events to the topic of `reader`.
    pub(crate) async fn take(&self, reader: &Arc<Reader>, request: Request) -> Response {
        let begun = Instant::now();
        let mut noted = Noted::default();
        let (head, mut body) = request.into_parts();
        let response = match self.try_take(reader, &head.headers, &mut body, &mut noted).await {
            Ok(taken) => taken.into_response(),
            Err(refusal) => body::let_go(&head.headers, &mut body, refusal.into_response()).await,
        };
        tracing::debug!(
            dataset = reader.raw.dataset.name(),
            key = noted.key.as_ref().map(|key| key.name.as_str()),
            status = response.status().as_u16(),
            bytes = noted.bytes,
            events = noted.events,
            micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    }

    async fn try_take(
        &self,
        reader: &Arc<Reader>,
        headers: &HeaderMap,
        body: &mut Body,
        noted: &mut Noted,
    ) -> Result<Taken, Refusal> {
        let key = self.admit_sender(reader, headers)?;
        noted.key = Some(Arc::clone(&key));
        let form = media::form(headers)?;
        if self.shutdown.is_requested() {
            return Err(Refusal::ending());
        }
        if self.sink.is_away() {
            return Err(self.away());
        }
        key.take(Instant::now()).map_err(|wait| Refusal::TooMany { wait })?;
        let stated = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let _admitted = self.admission.admit(stated)?;
        let timeout = self.config.body_timeout();
        let body = body::read(body, self.config.body_bytes_max, timeout, &self.shutdown).await?;
        noted.bytes = body.len();
        // What is refused costs its sender as much as what is taken.
        noted.events = form.events(&body);
        key.charge(noted.events.saturating_sub(1), Instant::now());
        let events = self.prepare(reader, form, body).await?;
        let receipts = self.send(reader, events).await?;
        Ok(Taken { accepted: receipts.len(), topic: reader.raw.topic.clone(), receipts })
    }

    fn admit_sender(&self, reader: &Reader, headers: &HeaderMap) -> Result<Arc<Key>, Refusal> {
        let authorization = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let key = self.keyring.find(authorization).ok_or(Refusal::Unauthenticated)?;
        let dataset = reader.raw.dataset;
        if key.may_send(dataset) {
            Ok(key)
        } else {
            Err(Refusal::Forbidden(format!("the key of {} is not for {dataset} events", key.name)))
        }
    }

    async fn prepare(&self, reader: &Arc<Reader>, form: Form, body: Bytes) -> Result<Vec<Event>, Refusal> {
        if !matches!(form, Form::Lines(_)) && body.len() <= INLINE_BYTES_MAX {
            return reader.prepare(&form, &body, self.judge.as_ref());
        }
        let (reader, judge) = (Arc::clone(reader), Arc::clone(&self.judge));
        let prepared = tokio::task::spawn_blocking(move || reader.prepare(&form, &body, judge.as_ref()));
        prepared.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a body cannot be prepared");
            Err(Refusal::Fault)
        })
    }

    /// Sends events and awaits all acknowledgements.
    async fn send(&self, reader: &Reader, events: Vec<Event>) -> Result<Vec<Receipt>, Refusal> {
        let deliveries = self.deliver(&reader.raw.topic, events);
        let limit = async {
            self.shutdown.requested().await;
            tokio::time::sleep(self.grace / ACK_GRACE_DIVISOR).await;
        };
        let delivered = tokio::select! {
            biased;
            delivered = deliveries => delivered,
            () = limit => return Err(Refusal::ending()),
        };
        let delivered = delivered.map_err(|error| self.undelivered(&reader.raw.topic, error))?;
        Ok(delivered.into_iter().map(|Delivered { partition, offset }| Receipt { partition, offset }).collect())
    }

    async fn deliver(&self, topic: &str, events: Vec<Event>) -> Result<Vec<Delivered>, DeliveryError> {
        let mut delivered = Vec::with_capacity(events.len());
        let mut waiting: VecDeque<Delivery> = VecDeque::with_capacity(events.len());
        for event in events {
            loop {
                match self.sink.send(topic, &event.key, &event.value) {
                    Ok(delivery) => break waiting.push_back(delivery),
                    // What this request sent before makes room once it is acknowledged.
                    Err(DeliveryError::Full) => match waiting.pop_front() {
                        Some(first) => delivered.push(self.sink.acknowledged(first).await?),
                        None => return Err(DeliveryError::Full),
                    },
                    Err(error) => return Err(error),
                }
            }
        }
        for delivery in waiting {
            delivered.push(self.sink.acknowledged(delivery).await?);
        }
        Ok(delivered)
    }

    fn undelivered(&self, topic: &str, error: DeliveryError) -> Refusal {
        let unavailable = |detail: String| {
            let retry_after_seconds = self.config.retry_after_seconds;
            Refusal::Unavailable { detail, retry_after_seconds }
        };
        match error {
            DeliveryError::TooLarge { .. } => Refusal::TooLarge(error.to_string()),
            DeliveryError::Full => unavailable(error.to_string()),
            DeliveryError::Unacknowledged(_) => {
                unavailable(format!("{error}; a part may have arrived, and sending it again doubles nothing"))
            }
            DeliveryError::Refused(reason) => {
                tracing::error!(topic, reason, "kafka refuses an event");
                unavailable("kafka refuses the event; the gateway's log says why".to_owned())
            }
        }
    }

    fn away(&self) -> Refusal {
        Refusal::Unavailable {
            detail: "kafka is away".to_owned(),
            retry_after_seconds: self.config.retry_after_seconds,
        }
    }

    /// Whether requests can be taken now.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn ready(&self) -> Result<(), Refusal> {
        if self.shutdown.is_requested() {
            Err(Refusal::ending())
        } else if self.sink.is_away() {
            Err(self.away())
        } else {
            Ok(())
        }
    }
}
