//! The agent's own pages over HTTP: metrics, health, readiness, status. They are read only, small, and for this machine.
//!
//! | page | |
//! |---|---|
//! | `/metrics` | all metrics, in the text format of Prometheus |
//! | `/healthz` | 200 while passes go on, else 503 with the reason |
//! | `/readyz` | 200 while the store answers and a pass went well lately or another agent works, else 503 with the reason |
//! | `/status`, `/status.json` | what `manifest-agent status` says, after the last pass |
//!
//! Whoever connects is not trusted: GET and HEAD only, heads of a few kilobytes, no bodies, a limit on time and on connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use schema_store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::telemetry::Telemetry;

/// Connections at a time; the next one waits.
const MOST_CONNECTIONS: usize = 32;

/// The longest that a connection may live.
const LONGEST_CONNECTION: Duration = Duration::from_secs(10);

/// The largest head of a request, in bytes: the least that hyper takes.
const LARGEST_HEAD: usize = 8 << 10;

/// How long the store may take to answer the question whether it is there.
const LONGEST_PROBE: Duration = Duration::from_secs(3);

/// What the pages are made from.
#[derive(Clone)]
struct Pages {
    telemetry: Arc<Telemetry>,
    state: Arc<str>,
}

/// Listens, and serves until the process ends. Another place than this machine must be asked for: the pages have no password.
pub(crate) async fn start(
    listen: SocketAddr,
    anywhere: bool,
    telemetry: Arc<Telemetry>,
    state: &str,
) -> Result<SocketAddr> {
    ensure!(
        anywhere || listen.ip().is_loopback(),
        "`--listen {listen}` would show this agent's pages to other machines, and they have no password: take 127.0.0.1, \
         or add `--listen-anywhere`"
    );
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("`--listen {listen}` cannot be used"))?;
    let address = listener.local_addr()?;
    let routes = routes(Pages { telemetry, state: state.into() });
    tokio::spawn(accept(listener, TowerToHyperService::new(routes)));
    Ok(address)
}

fn routes(pages: Pages) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/status", get(status))
        .route("/status.json", get(status_json))
        .with_state(pages)
}

async fn accept(listener: TcpListener, routes: TowerToHyperService<Router>) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let routes = routes.clone();
                tokio::spawn(async move {
                    converse(stream, routes).await;
                    drop(slot);
                });
            }
            // Out of descriptors, or a client that went away at once: the next one may do better.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// One request and its answer. A client that goes away or is too slow is no concern of the server's.
async fn converse(stream: TcpStream, routes: TowerToHyperService<Router>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(LONGEST_CONNECTION / 2)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(64)
        .keep_alive(false);
    let served = http.serve_connection(TokioIo::new(stream), routes);
    let _ = tokio::time::timeout(LONGEST_CONNECTION, served).await;
}

async fn metrics(State(pages): State<Pages>) -> Response {
    let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], pages.telemetry.metrics()).into_response()
}

async fn health(State(pages): State<Pages>) -> Response {
    verdict(pages.telemetry.lives())
}

async fn readiness(State(pages): State<Pages>) -> Response {
    verdict(match store_answers(&pages.state).await {
        Ok(()) => pages.telemetry.is_ready(),
        trouble => trouble,
    })
}

async fn store_answers(place: &str) -> Result<(), String> {
    let store = Store::open(place, schema_store::Missing::Refuse).map_err(|error| error.to_string())?;
    match tokio::time::timeout(LONGEST_PROBE, store.probe()).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("`{place}` did not answer within {} s", LONGEST_PROBE.as_secs())),
    }
}

fn verdict(found: Result<(), String>) -> Response {
    match found {
        Ok(()) => "ok\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn status(State(pages): State<Pages>) -> Response {
    match pages.telemetry.status() {
        Some(status) => status.text.into_response(),
        None => nothing_yet(),
    }
}

async fn status_json(State(pages): State<Pages>) -> Response {
    match pages.telemetry.status() {
        Some(status) => ([(header::CONTENT_TYPE, "application/json")], status.json).into_response(),
        None => nothing_yet(),
    }
}

fn nothing_yet() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "no pass has ended yet\n").into_response()
}
