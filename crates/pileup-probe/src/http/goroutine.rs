//! `/debug/pprof/goroutine` and `/debug/pprof/goroutineleak`.

use std::io::{self, Write};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use pileup_profile::{Profile, ProfileKind, TaskLine, Waiting};
use serde::Deserialize;

use super::answer;
use super::streamed::streamed;
use crate::Probe;
use crate::leaks::{self, Leak};
use crate::profiles::state;

/// A difference over a longer time would keep a connection and a profile for that time.
const LONGEST_DIFFERENCE: u32 = 600;

const TEXT: &str = "text/plain; charset=utf-8";

/// What may stand after the `?`, as Go's handler has it. What it does not know it ignores.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    debug: Option<String>,
    seconds: Option<String>,
}

/// The form that is asked for.
enum Form {
    Protobuf,
    Grouped,
    EachTask,
    Difference(Duration),
}

pub(super) async fn goroutine(
    State(probe): State<Probe>,
    Query(parameters): Query<Parameters>,
) -> Response {
    profile(probe, ProfileKind::Goroutine, &parameters).await
}

pub(super) async fn goroutine_leak(
    State(probe): State<Probe>,
    Query(parameters): Query<Parameters>,
) -> Response {
    profile(probe, ProfileKind::GoroutineLeak, &parameters).await
}

async fn profile(probe: Probe, kind: ProfileKind, parameters: &Parameters) -> Response {
    match form(parameters) {
        Err(message) => answer::error(StatusCode::BAD_REQUEST, &message),
        Ok(Form::Protobuf) => {
            answer::blocking(move || protobuf(&take(&probe, kind), kind.name())).await
        }
        Ok(Form::Grouped) => answer::blocking(move || grouped(&take(&probe, kind))).await,
        Ok(Form::EachTask) => streamed(TEXT, move |out| each_task(&probe, kind, out)),
        Ok(Form::Difference(seconds)) => {
            let earlier_probe = probe.clone();
            let earlier = tokio::task::spawn_blocking(move || take(&earlier_probe, kind)).await;
            tokio::time::sleep(seconds).await;
            match earlier {
                Ok(earlier) => {
                    answer::blocking(move || {
                        let changes = take(&probe, kind).since(&earlier);
                        protobuf(&changes, &format!("{}-delta", kind.name()))
                    })
                    .await
                }
                Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            }
        }
    }
}

fn form(parameters: &Parameters) -> Result<Form, String> {
    // Whatever is no number counts as none, as in Go.
    let debug = parameters
        .debug
        .as_deref()
        .and_then(|debug| debug.parse().ok());
    match (&parameters.seconds, debug) {
        (Some(seconds), debug) if !seconds.is_empty() => match (seconds.parse(), debug) {
            (Ok(1u32..), Some(1u32..)) => Err("seconds and debug params are incompatible".into()),
            (Ok(seconds @ 1..=LONGEST_DIFFERENCE), _) => {
                Ok(Form::Difference(Duration::from_secs(seconds.into())))
            }
            (Ok(1..), _) => Err(format!(
                "invalid value for \"seconds\" - must be at most {LONGEST_DIFFERENCE}"
            )),
            _ => Err("invalid value for \"seconds\" - must be a positive integer".into()),
        },
        (_, Some(1)) => Ok(Form::Grouped),
        (_, Some(2..)) => Ok(Form::EachTask),
        _ => Ok(Form::Protobuf),
    }
}

fn take(probe: &Probe, kind: ProfileKind) -> Profile {
    let look = probe.inner.look_at_waits();
    match kind {
        ProfileKind::Goroutine => look.profile(),
        ProfileKind::GoroutineLeak => {
            leaks::profile(&look, &probe.inner.leaks(&look), &probe.inner.registry)
        }
    }
}

fn protobuf(profile: &Profile, filename: &str) -> Response {
    let mut bytes = Vec::new();
    if let Err(error) = profile.write_pprof(&mut bytes) {
        return answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string());
    }
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(disposition) = format!("attachment; filename=\"{filename}\"").parse() {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    (headers, bytes).into_response()
}

fn grouped(profile: &Profile) -> Response {
    let mut text = Vec::new();
    if let Err(error) = profile.write_grouped(&mut text) {
        return answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string());
    }
    ([(CONTENT_TYPE, HeaderValue::from_static(TEXT))], text).into_response()
}

/// Every task by itself; of the leaks, every task that leaks.
fn each_task(probe: &Probe, kind: ProfileKind, mut out: &mut dyn Write) -> io::Result<()> {
    let inner = &probe.inner;
    let sites = inner.registry.sites();
    let look = (kind == ProfileKind::GoroutineLeak).then(|| inner.look());
    let all_leaks = look.as_ref().map(|look| inner.leaks(look));
    let runtimes = inner.runtimes.all();
    let mut all_waits = inner.registry.waits();
    let now = inner.registry.tick();
    let mut result = Ok(());
    inner.registry.for_each_live(|task| {
        let number = usize::from(task.site);
        let Some(site) = sites.get(number) else {
            // Its site came up after the list was made.
            return;
        };
        let leaks = |leaks: &Vec<Leak>| leaks.iter().any(|leak| leak.has(&task));
        if result.is_err() || !all_leaks.as_ref().is_none_or(leaks) {
            return;
        }
        let since = |tick| Duration::from_millis(now.saturating_sub(tick));
        let waits = all_waits.of(&task);
        let has_no_waker = waits.as_deref().is_some_and(<[_]>::is_empty);
        let last = has_no_waker.then(|| all_waits.last_of(&task)).flatten();
        let line = TaskLine {
            id: task.number,
            state: state(task.running),
            waiting: match waits.as_deref() {
                None => Waiting::Unknown,
                Some([]) => Waiting::Nothing {
                    last: last.as_deref(),
                },
                Some(waits) => Waiting::In(waits),
            },
            parent: task.parent.map(|parent| parent.number),
            age: since(task.born),
            idle: since(task.last_poll),
            polls: task.polls,
            name: None,
            runtime: task
                .runtime
                .and_then(|runtime| runtimes.get(usize::from(runtime)))
                .map(|runtime| &*runtime.name),
            function: site.spawn.function(),
            site: Some(&site.spawn.site),
        };
        result = line.write(&mut out);
    });
    result
}
