//! An HTTPS server before another that lets in who has the right header:
//! certificates of an authority of its own, one request a connection.

use crate::environment;
use crate::registry::{Registry, exchange};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

/// The server, on a thread that lasts as long as the process.
#[derive(Debug)]
pub struct Gatekeeper {
    /// As `Registry::url`, but with https.
    pub url: String,
    /// Certificate of the authority, in PEM.
    pub authority: PathBuf,
}

impl Gatekeeper {
    /// Stands before `registry` and lets in requests whose `Authorization` is
    /// `expected`. `None` where the machine has no openssl to make certificates
    /// with, and says so.
    pub fn before(registry: &Registry, expected: &str, folder: &Path) -> Option<Self> {
        let path = registry.url.split_once(registry.address()).expect("an address").1;
        Self::before_server(registry.address(), path, expected, folder)
    }

    /// The same before any server that speaks plain HTTP; `path` is what the URL
    /// ends in.
    pub fn before_server(address: &str, path: &str, expected: &str, folder: &Path) -> Option<Self> {
        let authority = certificates(folder)?;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("https://localhost:{}{path}", listener.local_addr().expect("an address").port());
        let config = Arc::new(config(folder));
        let (address, expected) = (address.to_owned(), expected.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, address, expected) = (Arc::clone(&config), address.clone(), expected.clone());
                // A client that trusts somebody else breaks off, which is its right.
                thread::spawn(move || serve(stream?, config, &address, &expected));
            }
        });
        Some(Self { url, authority })
    }
}

fn config(folder: &Path) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.expect("versions").with_no_client_auth().with_single_cert(vec![certificate], key).expect("a sound pair")
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, registry: &str, expected: &str) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let (mut head, mut body_bytes, mut let_in) = (String::new(), 0, false);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line == "\r\n" || line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => body_bytes = value.trim().parse().map_err(io::Error::other)?,
            "authorization" => {
                let_in = value.trim() == expected;
                continue;
            }
            "connection" => continue,
            _ => {}
        }
        head.push_str(&line);
    }
    let mut body = vec![0; body_bytes];
    stream.read_exact(&mut body)?;
    let answer = if let_in {
        exchange(registry, &[format!("{head}Connection: close\r\n\r\n").as_bytes(), &body].concat())
    } else {
        let body = r#"{"error_code":40101,"message":"who are you?"}"#;
        let head = format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: {}\r\nConnection: close", body.len());
        format!("{head}\r\n\r\n{body}").into_bytes()
    };
    let stream = stream.get_mut();
    stream.write_all(&answer)?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// How each certificate gets its key.
const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";

/// An authority, and a certificate of it for localhost.
fn certificates(folder: &Path) -> Option<PathBuf> {
    let openssl = |arguments: &str| {
        let ended = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output();
        ended.map(|ended| assert!(ended.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ended.stderr)))
    };
    let authority = format!("req -x509 {KEY} -keyout ca.key -out ca.pem -subj /CN=authority");
    if openssl(&authority).is_err() {
        environment::skip("openssl (certificates)");
        return None;
    }
    let server = format!("req {KEY} -keyout server.key -out server.csr -subj /CN=localhost");
    openssl(&server.replace(" -days 2", "")).expect("openssl runs");
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").expect("a file");
    let sign =
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem";
    openssl(sign).expect("openssl runs");
    Some(folder.join("ca.pem"))
}
