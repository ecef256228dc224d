//! What clients say on their own account.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use crate::kafka::failure;
use crate::kafka::login::Login;

/// An error that does not pass by itself.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    pub(crate) code: RDKafkaErrorCode,
    pub(crate) reason: String,
}

/// What a client says on its own account: logs are passed on, lasting errors
/// are kept until somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Events {
    lasting: Mutex<Option<Lasting>>,
    /// The last trouble with a broker, in librdkafka's words.
    trouble: Mutex<Option<String>>,
    /// The login that takes tokens, where it does.
    login: Option<Arc<Login>>,
    /// What the group wants, until it is answered.
    rebalances: Mutex<VecDeque<Rebalance>>,
    /// Nobody answers any more: what the group wants is done at once.
    leaving: AtomicBool,
}

/// A change of assignment that waits to be answered.
#[derive(Debug)]
pub(crate) enum Rebalance {
    Assigned(TopicPartitionList),
    Revoked {
        partitions: TopicPartitionList,
        /// Others may have them already.
        lost: bool,
    },
}

impl Events {
    pub(crate) fn new(login: Option<Arc<Login>>) -> Self {
        Self { login, ..Self::default() }
    }

    /// The first lasting error since the last call.
    pub(crate) fn take(&self) -> Option<Lasting> {
        let noted = self.lasting.lock().unwrap_or_else(PoisonError::into_inner).take();
        noted.or_else(|| {
            let verdict = self.login.as_ref()?.verdict()?;
            Some(Lasting { code: RDKafkaErrorCode::Authentication, reason: verdict.to_string() })
        })
    }

    /// Why a question had no answer, with what was heard of the brokers.
    pub(crate) fn explain(&self, error: &KafkaError) -> String {
        let reason = failure::describe(error);
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble.as_deref() {
            Some(trouble) => format!("{reason}: {trouble}{}", failure::guess(trouble)),
            None => reason,
        }
    }

    /// What the group wants, first come first.
    pub(crate) fn rebalances(&self) -> VecDeque<Rebalance> {
        std::mem::take(&mut *self.rebalances.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the group wants something that was not handed out yet.
    pub(crate) fn is_rebalancing(&self) -> bool {
        !self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// From now on nobody answers.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    /// Notes an error of a client, one of its partitions or one of its sends.
    pub(crate) fn note(&self, code: RDKafkaErrorCode, reason: &str) {
        let code = failure::reread(code, reason);
        // With a token that has run out a broker refuses whoever it is: that is over when there is another.
        let overdue = failure::is_refusal(code) && self.login.as_ref().is_some_and(|login| login.is_overdue());
        if overdue || failure::is_transient(code) {
            tracing::warn!(code = ?code, reason, "kafka is in trouble; the client tries again");
            if code != RDKafkaErrorCode::AllBrokersDown {
                self.hear(reason);
            }
            return;
        }
        tracing::error!(code = ?code, reason, "kafka reports an error that does not pass");
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.get_or_insert_with(|| Lasting { code, reason: format!("{reason}{}", failure::advice(code, reason)) });
    }

    fn hear(&self, trouble: &str) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble.to_owned());
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        // A broker that hangs up is no error to librdkafka, and yet the reason.
        if facility == "FAIL" {
            self.hear(text);
        }
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(target: "librdkafka", facility, text, "client log");
            }
            RDKafkaLogLevel::Warning => {
                tracing::warn!(target: "librdkafka", facility, text, "client log");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, text, "client log");
            }
            RDKafkaLogLevel::Debug => {
                tracing::debug!(target: "librdkafka", facility, text, "client log");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::NoError) => {}
            code => self.note(code.unwrap_or(RDKafkaErrorCode::Fail), reason),
        }
    }
}

impl ConsumerContext for Events {
    /// Only notes what the group wants: whoever reads answers, once what he
    /// has of a partition is safe.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigns = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.leaving.load(Ordering::SeqCst) {
            let answered = if assigns {
                consumer.incremental_assign(&TopicPartitionList::new())
            } else {
                consumer.incremental_unassign(partitions)
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "failed to answer the group while leaving it");
            }
            return;
        }
        let partitions = partitions.clone();
        let rebalance = if assigns {
            Rebalance::Assigned(partitions)
        } else {
            Rebalance::Revoked { partitions, lost: consumer.assignment_lost() }
        };
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).push_back(rebalance);
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        // Positions in Kafka serve lag tools alone: losing one harms nobody.
        match result {
            Ok(()) => tracing::trace!(partitions = offsets.count(), "positions committed to kafka"),
            Err(error) => {
                tracing::debug!(%error, "failed to commit positions to kafka; lag tools show old ones");
            }
        }
    }
}
