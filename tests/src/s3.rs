//! A real S3 store, read with a client of its own.

use crate::environment;
use futures::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What tests/s3/run starts it with.
const LOGIN: [&str; 2] = ["commonweal", "commonweal-tests"];
const BUCKET: &str = "commonweal";

/// Who stops it has it alone, so one test at a time has it.
static TURN: Mutex<()> = Mutex::new(());

/// The store of this run, for one test.
#[derive(Debug)]
pub struct S3 {
    pub address: String,
    control: Option<String>,
    _turn: MutexGuard<'static, ()>,
}

impl S3 {
    /// Versity Gateway, where there is one; says so where there is none.
    pub fn real() -> Option<Self> {
        let address = environment::real_s3()?;
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Self { address, control: environment::s3_control(), _turn: turn })
    }

    /// The settings that lead to a prefix of it.
    pub fn settings(&self, prefix: &str) -> [(&'static str, String); 5] {
        [
            ("publish.store_url", format!("s3://{BUCKET}/{prefix}")),
            ("store.endpoint", self.address.clone()),
            ("store.allow_http", "true".to_owned()),
            ("store.access_key_id", LOGIN[0].to_owned()),
            ("store.secret_access_key", LOGIN[1].to_owned()),
        ]
    }

    /// The objects under a prefix, by their names within it.
    pub fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let client = AmazonS3Builder::new()
            .with_bucket_name(BUCKET)
            .with_endpoint(&self.address)
            .with_allow_http(true)
            .with_access_key_id(LOGIN[0])
            .with_secret_access_key(LOGIN[1])
            .build()
            .expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let prefix = Path::from(prefix);
            let listed: Vec<_> = client.list(Some(&prefix)).try_collect().await.expect("the store lists");
            let mut objects = BTreeMap::new();
            for object in listed {
                let found = client.get(&object.location).await.expect("the store answers");
                let name = object.location.filename().expect("a name").to_owned();
                objects.insert(name, found.bytes().await.expect("an object").to_vec());
            }
            objects
        })
    }

    /// Whether it can be stopped; says so where it cannot.
    pub fn can_stop(&self) -> bool {
        self.control.is_some() || {
            environment::skip("an S3 store that may be stopped (COMMONWEAL_TEST_S3_CONTROL)");
            false
        }
    }

    /// Gives an order of `tests/control` and waits for its effect.
    pub fn order(&self, order: &str) {
        let control = self.control.as_ref().expect("COMMONWEAL_TEST_S3_CONTROL");
        let ended = Command::new(control).arg(order).output().expect("the control command runs");
        assert!(ended.status.success(), "{order}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

impl Drop for S3 {
    /// Leaves it as it was found, whatever became of the test.
    fn drop(&mut self) {
        if let Some(control) = &self.control {
            // The other tests say so, should it not come back.
            let _tried = Command::new(control).arg("start").output();
        }
    }
}
