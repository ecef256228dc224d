//! The client of an S3 store.

use super::StoreError;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as Place;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use std::sync::Arc;
use std::time::Duration;

/// Tries of one request: more than there is time for, which is the bound.
const RETRIES_MAX: usize = 10_000;

/// Which store, and how it is spoken to. What is `None` is taken from the
/// environment, under the names of AWS's own tools.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `s3://BUCKET/PREFIX`, or without a prefix.
    pub url: String,
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub login: Option<Login>,
    pub allow_http: bool,
    pub virtual_hosted_style: bool,
    /// Of one request.
    pub request_timeout: Duration,
    /// How long a failed request is tried again.
    pub retry: Duration,
    /// Objects that are sent at once.
    pub parallel: usize,
}

/// An access key. Debug output shows its name alone.
#[derive(Clone)]
pub struct Login {
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// The client, and the prefix within its bucket.
pub(super) fn connect(options: &StoreOptions) -> Result<(Arc<dyn ObjectStore>, Place), StoreError> {
    let unusable = |reason: String| StoreError::Settings { reason };
    let path = options.url.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return Err(unusable(format!("{} has not the form s3://BUCKET/PREFIX", options.url)));
    }
    let prefix = Place::parse(prefix).map_err(|error| unusable(error.to_string()))?;
    let limit = format!("{} seconds", options.request_timeout.as_secs());
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), &limit)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), &limit)
        .with_retry(RetryConfig {
            max_retries: if options.retry.is_zero() { 0 } else { RETRIES_MAX },
            retry_timeout: options.retry,
            ..RetryConfig::default()
        });
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(login) = &options.login {
        builder = builder.with_access_key_id(&login.access_key_id).with_secret_access_key(&login.secret_access_key);
    }
    if options.allow_http {
        builder = builder.with_allow_http(true);
    }
    if options.virtual_hosted_style {
        builder = builder.with_virtual_hosted_style_request(true);
    }
    let client = builder.build().map_err(|error| unusable(error.to_string()))?;
    Ok((Arc::new(client), prefix))
}
