//! Connections: taken within bounds, and brought to their end.

use crate::admission::Admission;
use crate::answer::{self, Refusal};
use crate::intake::Intake;
use crate::keys::Keyring;
use crate::prepare::Reader;
use crate::{GatewayError, Judge, Settings, body, openapi};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use commonweal_runtime::Shutdown;
use commonweal_runtime::kafka::AsyncSink;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is read of a request's head, and of a body ahead of its handler.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// Pause after a connection could not be taken, as when the process has no file
/// descriptor left: nothing tells when one is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until shutdown is requested; then no connection is taken, and every
/// request in flight gets its answer.
///
/// # Errors
/// What keeps it from starting. Kafka being away does not.
pub async fn run(settings: Settings, judge: Arc<dyn Judge>, shutdown: &Shutdown) -> Result<(), GatewayError> {
    let config = settings.gateway;
    let keyring = Keyring::open(&config.keys_file)?;
    let sink = AsyncSink::new(&settings.kafka, config.ack_timeout())?;
    let readers = settings.topics.into_iter().map(|raw| Reader::new(raw, config.batch_events_max).map(Arc::new));
    let readers = readers.collect::<Result<Vec<_>, _>>()?;
    let topics = readers.iter().map(|reader| reader.raw.topic.clone()).collect();

    let failed = |error| GatewayError::Listen { address: config.listen, error };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let intake = Arc::new(Intake {
        admission: Admission::new(&config),
        keyring,
        sink: sink.clone(),
        judge,
        shutdown: shutdown.clone(),
        grace: settings.grace,
        config,
    });
    let router = router(&intake, &readers);
    tracing::info!(%address, keys = !intake.keyring.is_open(), "the gateway listens");
    tokio::select! {
        () = accept(listener, &intake, router) => {}
        () = sink.watch_over(topics) => {}
        () = async { intake.keyring.keep_up(shutdown).await; std::future::pending().await } => {}
    }
    tracing::info!(unanswered = sink.waiting(), "the gateway has ended");
    Ok(())
}

fn router(intake: &Arc<Intake>, readers: &[Arc<Reader>]) -> Router {
    let document = Bytes::from(openapi::document(readers, !intake.keyring.is_open()).to_string());
    let mut router = Router::new()
        .route("/openapi.json", get(async move || ([(CONTENT_TYPE, answer::JSON)], document)))
        .fallback(async |request| refuse(request, Refusal::NoSuchPath).await);
    let asked = Arc::clone(intake);
    router = router.route("/health", get(async move || health(&asked)));
    for reader in readers {
        let path = openapi::path(reader.raw.dataset);
        let (intake, reader) = (Arc::clone(intake), Arc::clone(reader));
        router = router.route(&path, post(async move |request: Request| intake.take(&reader, request).await));
    }
    // Of the paths there are so far, so it comes last.
    router.method_not_allowed_fallback(async |request| refuse(request, Refusal::NoSuchMethod).await)
}

async fn refuse(request: Request, refusal: Refusal) -> Response {
    let (head, mut body) = request.into_parts();
    body::let_go(&head.headers, &mut body, refusal.into_response()).await
}

fn health(intake: &Intake) -> Response {
    match intake.ready() {
        Ok(()) => answer::json(StatusCode::OK, answer::JSON, &serde_json::json!({ "status": "ready" })),
        Err(refusal) => refusal.into_response(),
    }
}

async fn accept(listener: TcpListener, intake: &Intake, router: Router) {
    let connections = Arc::new(Semaphore::new(intake.config.connections_max));
    let graceful = GracefulShutdown::new();
    let next = async || {
        // It is never closed.
        let place = Arc::clone(&connections).acquire_owned().await.ok()?;
        Some((listener.accept().await, place))
    };
    loop {
        let taken = tokio::select! {
            biased;
            () = intake.shutdown.requested() => None,
            taken = next() => taken,
        };
        match taken {
            None => break,
            Some((Ok((stream, _peer)), place)) => serve(stream, place, intake, &router, &graceful),
            Some((Err(error), _place)) => {
                tracing::warn!(%error, "failed to take a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Who comes now is refused by the kernel, and finds another gateway.
    drop(listener);
    tracing::info!(connections = graceful.count(), "no connection is taken any more");
    graceful.shutdown().await;
}

fn serve(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    intake: &Intake,
    router: &Router,
    graceful: &GracefulShutdown,
) {
    // An answer is one small piece: it must not wait for more.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone already");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(intake.config.header_timeout())
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke off");
        }
        drop(place);
    });
}
