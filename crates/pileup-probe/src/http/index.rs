//! `/debug/pprof/`: what there is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::answer;
use crate::Probe;

pub(super) async fn page(State(probe): State<Probe>) -> Response {
    answer::blocking(move || {
        let look = probe.inner.look();
        let alive: u64 = look.sites.iter().map(|site| site.alive).sum();
        let leaks = probe.inner.leaks(&look);
        let leaking: u64 = leaks.iter().map(|leak| leak.site.alive).sum();
        Html(format!(
            "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>/debug/pprof/</title></head><body>
<h1>/debug/pprof/</h1>
<p>The live tasks of this Tokio service. Read them with <code>go tool pprof URL</code>, or as text.</p>
<table>
<tr><th>Count</th><th>Profile</th><th>Description</th></tr>
<tr><td>{alive}</td><td><a href=\"goroutine?debug=1\">goroutine</a></td>
<td>All live tasks, by the function that spawned them. <code>?seconds=N</code>: how they change in N seconds</td></tr>
<tr><td>{leaking}</td><td><a href=\"goroutineleak?debug=1\">goroutineleak</a></td>
<td>The tasks of the spawn sites whose live tasks grow in number while the old ones do not finish</td></tr>
</table>
<ul>
<li><a href=\"goroutine?debug=2\">every task by itself</a></li>
<li><a href=\"../tasks\">every task as JSON</a>, for <code>pileup diagnose --probe</code></li>
<li><a href=\"../../metrics\">metrics</a>, for Prometheus</li>
</ul>
</body></html>
"
        ))
        .into_response()
    })
    .await
}

pub(super) async fn unknown() -> Response {
    answer::error(StatusCode::NOT_FOUND, "Unknown profile")
}
