//! The client of a probe: every task of a service, by HTTP.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::{Address, Snapshot};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};
use thiserror::Error;

const PATH: &str = "/debug/tasks";
/// Whoever does not accept a connection by then is stuck.
const PATIENCE: Duration = Duration::from_secs(20);
/// An answer that has not begun by then, or does not go on, comes from a service that is
/// stuck, or from another. A probe reads the debug information of its program for its first answer:
/// for half a minute, where the program has half a core.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// An answer that is not whole by then.
const LONGEST_ANSWER: Duration = Duration::from_secs(120);
/// Some four million tasks.
const LARGEST_ANSWER: usize = 1 << 30;

/// Where a service serves its probe: `HOST:PORT`, or the URL of any of its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAddress(Arc<Url>);

/// A probe that has answered.
pub struct ProbeClient {
    address: ProbeAddress,
    token: Option<String>,
    client: reqwest::Client,
    largest: usize,
}

/// What another library fails with.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a probe gives no snapshot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// This process cannot make HTTP requests.
    #[error("failed to prepare for HTTP")]
    Client(#[source] Cause),
    /// Nobody listens there, or the answer does not come in time.
    #[error("{address} does not answer")]
    Unreachable {
        /// The probe.
        address: ProbeAddress,
        /// What failed.
        source: Cause,
    },
    /// What listens there is no HTTP server.
    #[error("{address} does not answer as a probe does")]
    Foreign {
        /// The probe.
        address: ProbeAddress,
        /// What failed.
        source: Cause,
    },
    /// The probe asks for a token, and was given none or another one.
    #[error("{address} asks for a token")]
    Unauthorized {
        /// The probe.
        address: ProbeAddress,
    },
    /// The probe answers only to names that nobody else can give it.
    #[error("{address} does not answer to this name")]
    Forbidden {
        /// The probe.
        address: ProbeAddress,
    },
    /// An HTTP server that is no probe.
    #[error("{address} is no probe: it answers with {status}")]
    NotAProbe {
        /// The address that was asked.
        address: ProbeAddress,
        /// The status of the answer, such as `404 Not Found`.
        status: String,
    },
    /// The connection broke during an answer.
    #[error("{address} broke off its answer")]
    BrokenOff {
        /// The probe.
        address: ProbeAddress,
        /// What failed.
        source: Cause,
    },
    /// The answer began, and did not end in time.
    #[error("{address} does not finish its answer")]
    Unfinished {
        /// The probe.
        address: ProbeAddress,
        /// What failed.
        source: Cause,
    },
    /// The answer is larger than that of a probe.
    #[error("{address} answers with more than {largest} bytes")]
    TooLarge {
        /// The address that was asked.
        address: ProbeAddress,
        /// How many bytes are read at most.
        largest: usize,
    },
    /// The program was restarted during the watch.
    #[error("{address} is the probe of another process than before: the program was restarted")]
    Restarted {
        /// The probe.
        address: ProbeAddress,
    },
    /// The answer is none that this version understands.
    #[error("{address} is no probe that this pileup understands")]
    Malformed {
        /// The address that was asked.
        address: ProbeAddress,
        /// What is wrong with the answer.
        source: Cause,
    },
}

impl FromStr for ProbeAddress {
    type Err = String;

    /// Takes `HOST:PORT`, and any URL of the probe's own pages.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write it like http://127.0.0.1:6060";
        let url = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let mut url: Url = url.parse().map_err(|error| format!("{error}; {wanted}"))?;
        if url.scheme() != "http" || !url.has_host() {
            return Err(format!("not an http address; {wanted}"));
        }
        url.set_query(None);
        url.set_path(PATH);
        Ok(Self(Arc::new(url)))
    }
}

impl ProbeAddress {
    /// The address of the server that serves the probe; none where its name is only allowed in a
    /// URL.
    pub(super) fn server(&self) -> Option<Address> {
        let host = self.0.host_str()?;
        let port = self.0.port_or_known_default()?;
        format!("{host}:{port}").parse().ok()
    }
}

impl fmt::Display for ProbeAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl ProbeClient {
    pub fn new(address: ProbeAddress, token: Option<String>) -> Result<Self, ProbeError> {
        let client = reqwest::Client::builder()
            .connect_timeout(PATIENCE)
            .read_timeout(LONGEST_SILENCE)
            .timeout(LONGEST_ANSWER)
            // A probe answers itself; its token is for nobody else.
            .redirect(Policy::none())
            .build()
            .map_err(|error| ProbeError::Client(error.into()))?;
        Ok(Self {
            address,
            token,
            client,
            largest: LARGEST_ANSWER,
        })
    }

    pub fn address(&self) -> &ProbeAddress {
        &self.address
    }

    /// All live tasks of the service.
    pub async fn snapshot(&self) -> Result<Snapshot, ProbeError> {
        let address = || self.address.clone();
        let mut request = self.client.get(Url::clone(&self.address.0));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let failed = |source: reqwest::Error| {
            let address = address();
            let is_away = source.is_connect() || source.is_timeout();
            let source = source.into();
            if is_away {
                ProbeError::Unreachable { address, source }
            } else {
                ProbeError::Foreign { address, source }
            }
        };
        let answer = request.send().await.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                return Err(ProbeError::Unauthorized { address: address() });
            }
            StatusCode::FORBIDDEN => return Err(ProbeError::Forbidden { address: address() }),
            status => {
                return Err(ProbeError::NotAProbe {
                    address: address(),
                    status: status.to_string(),
                });
            }
        }
        let bytes = self.body(answer).await?;
        let mut snapshot: Snapshot =
            serde_json::from_slice(&bytes).map_err(|source| ProbeError::Malformed {
                address: address(),
                source: source.into(),
            })?;
        snapshot.tasks.sort_unstable_by_key(|task| task.id);
        snapshot.share_files();
        Ok(snapshot)
    }

    /// The body of an answer, which may be of any length as far as its sender goes.
    async fn body(&self, mut answer: Response) -> Result<Vec<u8>, ProbeError> {
        let address = || self.address.clone();
        let mut bytes = Vec::new();
        loop {
            let chunk = answer.chunk().await;
            let chunk = chunk.map_err(|source| {
                let (address, is_late) = (address(), source.is_timeout());
                let source = source.into();
                if is_late {
                    ProbeError::Unfinished { address, source }
                } else {
                    ProbeError::BrokenOff { address, source }
                }
            })?;
            let Some(chunk) = chunk else {
                return Ok(bytes);
            };
            if bytes.len() + chunk.len() > self.largest {
                return Err(ProbeError::TooLarge {
                    address: address(),
                    largest: self.largest,
                });
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_probe_is_named_by_host_and_port_or_by_any_of_its_pages() {
        let expected: ProbeAddress = "http://127.0.0.1:6060".parse().expect("it is an address");
        for text in [
            "127.0.0.1:6060",
            "http://127.0.0.1:6060/",
            "http://127.0.0.1:6060/debug/pprof/goroutine?debug=1",
        ] {
            assert_eq!(text.parse(), Ok(expected.clone()));
        }
        assert_eq!(expected.to_string(), "http://127.0.0.1:6060/debug/tasks");
        let server = expected.server().expect("it has one");
        assert_eq!(server.to_string(), "http://127.0.0.1:6060");
    }

    /// A server that answers one request with this, and then ends the connection.
    fn server(answer: Vec<u8>) -> ProbeAddress {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its port");
        thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            let mut request = [0; 1024];
            let _ = client.read(&mut request);
            // Whoever has had enough goes away.
            let _ = client.write_all(&answer);
        });
        address.to_string().parse().expect("it is an address")
    }

    fn ask(address: ProbeAddress, largest: usize) -> Result<Snapshot, ProbeError> {
        let mut client = ProbeClient::new(address, None).expect("HTTP is there");
        client.largest = largest;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(client.snapshot())
    }

    #[test]
    fn an_answer_without_an_end_is_read_up_to_a_limit() {
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(4 << 20, b'[');
        let error = ask(server(answer), 1 << 20).expect_err("it is too large");
        assert!(matches!(error, ProbeError::TooLarge { .. }), "{error:?}");
    }

    #[test]
    fn an_answer_that_leads_elsewhere_is_not_followed() {
        let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n";
        let error = ask(server(answer.into()), LARGEST_ANSWER).expect_err("it is no probe");
        assert!(matches!(error, ProbeError::NotAProbe { .. }), "{error:?}");
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for text in ["", "https://127.0.0.1:6060", "file:///tmp/probe"] {
            let error = text.parse::<ProbeAddress>().expect_err("it is none");
            assert!(error.contains("http://127.0.0.1:6060"), "{error}");
        }
    }

    #[test]
    fn an_answer_that_stops_is_told_from_a_program_that_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its port").to_string();
        let address: ProbeAddress = address.parse().expect("it is an address");
        let (stays, left) = std::sync::mpsc::channel::<()>();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
            let _ = left.recv();
        });
        let mut client = ProbeClient::new(address, None).expect("HTTP is there");
        let impatient = reqwest::Client::builder().read_timeout(Duration::from_secs(2));
        client.client = impatient.build().expect("HTTP is there");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let answer = runtime.expect("a runtime").block_on(client.snapshot());
        let error = answer.expect_err("it does not end");
        assert!(matches!(error, ProbeError::Unfinished { .. }), "{error:?}");
        drop(stays);
        server.join().expect("it does not panic");
    }
}
