//! `/metrics` for Prometheus and `/healthz` for whoever keeps the process alive.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;

/// The counts of this process, rendered for Prometheus.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// Metrics that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// Somebody else counts.
    #[error("metrics are kept by another part of this process: {0}")]
    Taken(String),
    /// No address.
    #[error("cannot listen at {at} for metrics: {why}")]
    Bind {
        /// Where.
        at: SocketAddr,
        /// Why not.
        why: std::io::Error,
    },
    /// It broke.
    #[error("the page of metrics failed: {0}")]
    Serve(std::io::Error),
}

impl Metrics {
    /// Keeps what `metrics::counter!` and its like count, from now on. The same for every call.
    pub fn install() -> Result<Self, MetricsError> {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        if let Some(known) = INSTALLED.get() {
            return Ok(known.clone());
        }
        let handle = PrometheusBuilder::new()
            .install_recorder()
            .map_err(|error| MetricsError::Taken(error.to_string()))?;
        Ok(INSTALLED.get_or_init(|| Self(handle)).clone())
    }

    /// As Prometheus reads it.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// How one part of a node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Which.
    pub name: &'static str,
    /// Whether it does what it should.
    pub ok: bool,
    /// In words.
    pub detail: String,
}

/// How a node is: well when all of its parts are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Health {
    /// Its parts.
    pub parts: Vec<Part>,
}

impl Health {
    /// Whether all parts do what they should.
    pub fn ok(&self) -> bool {
        self.parts.iter().all(|part| part.ok)
    }
}

type Ask<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// The two pages, at their address.
pub struct Page {
    listener: TcpListener,
    at: SocketAddr,
    metrics: Metrics,
    refresh: Ask<()>,
    health: Ask<Health>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Page {
    /// Listens. `refresh` is called before metrics are rendered, so that what is counted elsewhere can be put in; neither
    /// may wait for long.
    pub async fn bind(
        at: SocketAddr,
        metrics: Metrics,
        refresh: impl Fn() + Send + Sync + 'static,
        health: impl Fn() -> Health + Send + Sync + 'static,
    ) -> Result<Self, MetricsError> {
        let bind = |why| MetricsError::Bind { at, why };
        let listener = TcpListener::bind(at).await.map_err(bind)?;
        let at = listener.local_addr().map_err(bind)?;
        Ok(Self {
            listener,
            at,
            metrics,
            refresh: Arc::new(refresh),
            health: Arc::new(health),
        })
    }

    /// Where it listens.
    pub const fn at(&self) -> SocketAddr {
        self.at
    }

    /// Answers until `stop` ends.
    pub async fn serve(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), MetricsError> {
        let (metrics, refresh, health) = (self.metrics, self.refresh, self.health);
        let metrics_page = move || {
            let (metrics, refresh) = (metrics.clone(), Arc::clone(&refresh));
            async move {
                refresh();
                let kind = [(
                    header::CONTENT_TYPE,
                    "text/plain; version=0.0.4; charset=utf-8",
                )];
                (kind, metrics.render())
            }
        };
        let health_page = move || {
            let health = Arc::clone(&health);
            async move { healthz(&health()) }
        };
        let pages = Router::new()
            .route("/metrics", get(metrics_page))
            .route("/healthz", get(health_page));
        axum::serve(self.listener, pages)
            .with_graceful_shutdown(stop)
            .await
            .map_err(MetricsError::Serve)
    }
}

fn healthz(health: &Health) -> impl IntoResponse + use<> {
    let status = if health.ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::json!({"ok": health.ok(), "parts": health.parts});
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn metrics_are_fresh_and_health_is_what_it_is_now() {
        crate::worker::install_tls();
        let well = Arc::new(AtomicBool::new(true));
        let asked = Arc::new(AtomicU64::new(0));
        let (is_well, count) = (Arc::clone(&well), Arc::clone(&asked));
        let metrics = Metrics::install().expect("is installed");
        let page = Page::bind(
            "127.0.0.1:0".parse().expect("an address"),
            metrics,
            move || {
                let count = count.fetch_add(1, Ordering::Relaxed) + 1;
                metrics::counter!("mesh_test_asked_total").absolute(count);
            },
            move || Health {
                parts: vec![Part {
                    name: "door",
                    ok: is_well.load(Ordering::Relaxed),
                    detail: "open".to_owned(),
                }],
            },
        )
        .await
        .expect("listens");
        let at = page.at();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(page.serve(async move {
            let _ = stopped.await;
        }));
        let read = async |path: &str| {
            let answer = reqwest::get(format!("http://{at}{path}"))
                .await
                .expect("answers");
            (
                answer.status().as_u16(),
                answer.text().await.expect("is text"),
            )
        };
        for count in 1..=2 {
            let (status, text) = read("/metrics").await;
            assert_eq!(status, 200);
            assert!(
                text.contains(&format!("mesh_test_asked_total {count}")),
                "{text}"
            );
        }
        assert_eq!(read("/healthz").await.0, 200);
        well.store(false, Ordering::Relaxed);
        let (status, text) = read("/healthz").await;
        assert!(
            status == 503 && text.contains("\"door\""),
            "{status} {text}"
        );
        assert_eq!(read("/").await.0, 404);
        let taken = Page::bind(
            at,
            Metrics::install().expect("is there"),
            || (),
            Health::default,
        );
        assert!(matches!(taken.await, Err(MetricsError::Bind { .. })));
        stop.send(()).expect("it serves");
        serving.await.expect("ends").expect("well");
    }
}
