//! A gRPC server that accepts every call, and never sends anything: with the service of
//! tokio-console, whose code is there already.

use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::instrument_server::{Instrument, InstrumentServer};
use console_api::instrument::{
    InstrumentRequest, PauseRequest, PauseResponse, ResumeRequest, ResumeResponse, State,
    StateRequest, TaskDetailsRequest, Update,
};
use console_api::tasks::TaskDetails;
use futures::stream::{Pending, pending};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status, async_trait};

struct Silent;

type Silence<T> = Pending<Result<T, Status>>;

#[async_trait]
impl Instrument for Silent {
    type WatchUpdatesStream = Silence<Update>;
    type WatchTaskDetailsStream = Silence<TaskDetails>;
    type WatchStateStream = Silence<State>;

    async fn watch_updates(
        &self,
        _: Request<InstrumentRequest>,
    ) -> Result<Response<Silence<Update>>, Status> {
        Ok(Response::new(pending()))
    }

    async fn watch_task_details(
        &self,
        _: Request<TaskDetailsRequest>,
    ) -> Result<Response<Silence<TaskDetails>>, Status> {
        Ok(Response::new(pending()))
    }

    async fn watch_state(
        &self,
        _: Request<StateRequest>,
    ) -> Result<Response<Silence<State>>, Status> {
        Ok(Response::new(pending()))
    }

    async fn pause(&self, _: Request<PauseRequest>) -> Result<Response<PauseResponse>, Status> {
        std::future::pending().await
    }

    async fn resume(&self, _: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        std::future::pending().await
    }
}

/// A client that is connected to such a server.
pub async fn client() -> InstrumentClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = Server::builder().add_service(InstrumentServer::new(Silent));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    InstrumentClient::connect(url).await.expect("connected")
}
