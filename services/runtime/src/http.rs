//! The HTTP library as this project sets it up, for the schema registry and
//! for tokens: the one that the table's object store is built with, so it costs
//! no further crate and TLS has one provider.

use reqwest::{Certificate, StatusCode, redirect};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A client whose requests take at most `timeout` each. `ca_file`, where it is
/// not empty, holds the authorities to trust; `setting` names it.
///
/// # Errors
/// What is wrong with the file of authorities.
pub(crate) fn client(setting: &str, ca_file: &Path, timeout: Duration) -> Result<reqwest::Client, String> {
    // What lies between is said by the settings alone, not by the environment.
    let mut http = reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(timeout)
        .timeout(timeout)
        .user_agent(concat!("commonweal/", env!("CARGO_PKG_VERSION")));
    if !ca_file.as_os_str().is_empty() {
        http = http.tls_built_in_root_certs(false);
        for certificate in authorities(setting, ca_file)? {
            http = http.add_root_certificate(certificate);
        }
    }
    http.build().map_err(|error| causes(&error))
}

/// Authorities from a file of certificates in PEM.
fn authorities(setting: &str, path: &Path) -> Result<Vec<Certificate>, String> {
    let unusable = |reason: String| format!("the file of {setting}, {}, {reason}", path.display());
    let pem = fs::read(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(causes(&error)))?;
    if certificates.is_empty() { Err(unusable("holds no certificate in PEM".to_owned())) } else { Ok(certificates) }
}

/// Status and body of the answer; no body where it is longer than `bytes_max`.
pub(crate) async fn exchange(
    request: reqwest::RequestBuilder,
    bytes_max: usize,
) -> reqwest::Result<(StatusCode, Option<Vec<u8>>)> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            return Ok((response.status(), None));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), Some(body)))
}

/// Why there was no answer within `timeout`, with the causes behind it.
pub(crate) fn why(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() { format!("nothing within {} s", timeout.as_secs()) } else { causes(error) }
}

/// An error with the causes behind it: the outermost says little by itself.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
