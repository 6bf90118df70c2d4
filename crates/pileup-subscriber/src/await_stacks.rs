//! The second service on the same port, which only pileup asks: live tasks with their whole await
//! stacks.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, stream};
use jiff::Timestamp;
use pileup_model::{Scheduling, TasksPart, Wait};
use pileup_registry::{LiveTask, Part, WaitList};
use tonic::codegen::{Body, BoxFuture, Service as TowerService, StdError, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::instrument::Service;

/// The service as tonic takes it. Its one method is [`TasksPart::METHOD`].
#[derive(Clone)]
pub(crate) struct AwaitStacks {
    service: Arc<Service>,
    request_bytes: usize,
}

/// The method.
struct LiveTasks(Arc<Service>);

/// One answer, which is made part by part as the client takes it.
struct Answer {
    service: Arc<Service>,
    at: Timestamp,
    /// The part of the table that comes next; none after the last.
    next: Option<Part>,
    /// The waits that the client has by now, by their address in memory, with their numbers. Each
    /// is kept, so that no other wait gets its address.
    sent: HashMap<usize, (Arc<Wait>, u32)>,
}

type Parts = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;

impl AwaitStacks {
    /// Reads requests of up to `request_bytes`.
    pub(crate) fn new(service: Arc<Service>, request_bytes: usize) -> Self {
        Self {
            service,
            request_bytes,
        }
    }
}

impl NamedService for AwaitStacks {
    const NAME: &'static str = TasksPart::SERVICE;
}

impl<B> TowerService<http::Request<B>> for AwaitStacks
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        if request.uri().path() != TasksPart::METHOD {
            let refused = Status::unimplemented("there is no such method").into_http();
            return Box::pin(std::future::ready(Ok(refused)));
        }
        let method = LiveTasks(Arc::clone(&self.service));
        let mut grpc = Grpc::new(ProstCodec::default())
            .apply_max_message_size_config(Some(self.request_bytes), None);
        Box::pin(async move { Ok(grpc.server_streaming(method, request).await) })
    }
}

impl ServerStreamingService<()> for LiveTasks {
    type Response = Vec<u8>;
    type ResponseStream = Parts;
    type Future = BoxFuture<Response<Parts>, Status>;

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        let registry = &self.0.registry;
        let answer = Answer {
            at: registry.time(registry.tick()),
            service: Arc::clone(&self.0),
            next: Some(Part::default()),
            sent: HashMap::new(),
        };
        let parts = stream::unfold(answer, |mut answer| async {
            let part = answer.next().await?;
            let message = serde_json::to_vec(&part)
                .map_err(|error| Status::internal(format!("a task is not JSON: {error}")));
            Some((message, answer))
        });
        Box::pin(std::future::ready(Ok(Response::new(
            Box::pin(parts) as Parts
        ))))
    }
}

impl Answer {
    /// The next part that has a task. The first part is sent also where it has none: it says
    /// when the answer began.
    async fn next(&mut self) -> Option<TasksPart> {
        loop {
            let is_first = self.next == Some(Part::default());
            let mut tasks = Vec::new();
            self.next = self.service.registry.look_at(self.next?, &mut tasks);
            if is_first || !tasks.is_empty() {
                return Some(self.part(tasks).await);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn part(&mut self, tasks: Vec<LiveTask>) -> TasksPart {
        let mut part = TasksPart {
            at: self.at,
            new_waits: Vec::new(),
            tasks: Vec::with_capacity(tasks.len()),
            scheduling: Some(Scheduling {
                slept: self.service.sleeps.wanted(),
                overslept: self.service.sleeps.beyond(),
                // The console shows how late polls begin.
                ..Scheduling::default()
            }),
        };
        let (tasks, waiting) = self.service.waits_of(tasks).await;
        let sites = self.service.registry.sites();
        for (live, waiting) in tasks.iter().zip(waiting) {
            let mut task = self.service.registry.task(live, &sites);
            task.last_wait = waiting.last.map(|last| last.without_stack().into());
            let numbers = waiting
                .waits
                .map(|waits| self.numbers(&waits, &mut part.new_waits));
            part.tasks.push((task, numbers));
        }
        part
    }

    /// The numbers of these waits. Those that the client does not have are added to `new`.
    fn numbers(&mut self, waits: &WaitList, new: &mut Vec<Arc<Wait>>) -> Vec<u32> {
        let number = |wait: &Arc<Wait>| {
            // There are fewer stacks than that.
            let next = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
            let sent = self.sent.entry(Arc::as_ptr(wait).addr());
            let (_, number) = sent.or_insert_with(|| {
                new.push(Arc::clone(wait));
                (Arc::clone(wait), next)
            });
            *number
        };
        waits.iter().map(number).collect()
    }
}
