//! A real schema registry, spoken to in plain HTTP, without the client under
//! test.

use crate::environment;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(30);
/// Schemas that are registered before any other, so that the registry's ids
/// are none of the embedded ones.
const FILLERS: u32 = 40;

/// Tests share the registry; one that stops it, or counts its ids, has it alone.
static SHARED: RwLock<()> = RwLock::new(());

/// The registry of this run.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Of its Confluent-compatible API, without a slash at the end.
    pub url: String,
}

/// The registry beside other tests, or alone.
#[derive(Debug)]
pub enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Registry {
    /// Apicurio, where there is one; says so where there is none. Other tests
    /// may use it at the same time.
    pub fn real() -> Option<(Self, Turn)> {
        let registry = Self::find()?;
        Some((registry, Turn::Shared(SHARED.read().unwrap_or_else(PoisonError::into_inner))))
    }

    /// The same for this test alone, which may stop it.
    pub fn alone() -> Option<(Self, Turn)> {
        let registry = Self::find()?;
        Some((registry, Turn::Alone(SHARED.write().unwrap_or_else(PoisonError::into_inner))))
    }

    fn find() -> Option<Self> {
        static SHIFTED: OnceLock<()> = OnceLock::new();
        let registry = Self { url: environment::real_registry()? };
        SHIFTED.get_or_init(|| {
            for number in 0..FILLERS {
                let schema = json!({"type": "fixed", "name": format!("Filler{number}"), "size": 1});
                registry.register(&format!("filler-{number}"), &schema.to_string());
            }
        });
        Some(registry)
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://").split('/').next().expect("an address")
    }

    fn path(&self) -> &str {
        self.url.split_once(self.address()).expect("an address").1
    }

    /// Registers a schema; its id.
    pub fn register(&self, subject: &str, schema_json: &str) -> u32 {
        self.submit(subject, &json!({ "schema": schema_json }))
    }

    /// Registers a schema that is no Avro; its id.
    pub fn register_protobuf(&self, subject: &str, schema: &str) -> u32 {
        self.submit(subject, &json!({ "schema": schema, "schemaType": "PROTOBUF" }))
    }

    fn submit(&self, subject: &str, body: &Value) -> u32 {
        let (status, answer) = self.call("POST", &format!("/subjects/{subject}/versions"), &body.to_string());
        assert_eq!(status, 200, "{subject}: {answer}");
        answer["id"].as_u64().and_then(|id| u32::try_from(id).ok()).expect("an id")
    }

    /// All subjects.
    pub fn subjects(&self) -> Vec<String> {
        let (_, answer) = self.call("GET", "/subjects", "");
        answer.as_array().expect("subjects").iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
    }

    /// The id that the next schema of a new content gets, once it is registered.
    pub fn next_id(&self, label: &str) -> u32 {
        let name: String = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let schema = json!({"type": "fixed", "name": format!("Probe_{name}"), "size": 1});
        self.register(&format!("probe-{label}"), &schema.to_string()) + 1
    }

    /// Status and body of a request.
    fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/vnd.schemaregistry.v1+json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.path(),
            self.address(),
            body.len()
        );
        let answer = exchange(self.address(), request.as_bytes());
        let text = String::from_utf8(answer).expect("an answer in UTF-8");
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let body = text.split_once("\r\n\r\n").expect("a body").1;
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// Has the registry stopped, started, paused or resumed: see tests/control.
    pub fn order(&self, order: &str) {
        let control = environment::registry_control().expect("COMMONWEAL_TEST_REGISTRY_CONTROL");
        let ended = Command::new(control).arg(order).output().expect("the control command runs");
        assert!(ended.status.success(), "{order}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

/// Sends a request that asks for the connection to be closed; the whole answer.
pub fn exchange(address: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the registry takes connections");
    stream.set_read_timeout(Some(WAIT)).expect("a limit");
    stream.write_all(request).expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answer
}
