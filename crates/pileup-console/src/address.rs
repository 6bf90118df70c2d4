//! Where a target is: whatever tokio-console accepts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tonic::transport::Uri;

use crate::ConsoleError;

/// Where a target serves its console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Over TCP: `http://127.0.0.1:6669`.
    Http(Uri),
    /// Over a Unix socket: `file://localhost/run/console.sock`.
    UnixSocket(PathBuf),
}

impl Default for Address {
    /// Where console-subscriber listens by default.
    fn default() -> Self {
        Self::Http(Uri::from_static("http://127.0.0.1:6669"))
    }
}

impl FromStr for Address {
    type Err = ConsoleError;

    /// Reads `http://HOST:PORT`, `HOST:PORT`, or `file://localhost/PATH`.
    fn from_str(text: &str) -> Result<Self, ConsoleError> {
        let bad = |reason: String| ConsoleError::BadAddress {
            text: text.to_owned(),
            reason,
        };
        if let Some(rest) = text.strip_prefix("file://") {
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            if !path.starts_with('/') {
                return Err(bad(
                    "write a Unix socket as file:///run/console.sock".to_owned()
                ));
            }
            return Ok(Self::UnixSocket(PathBuf::from(path)));
        }
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri = Uri::from_str(&full).map_err(|error| bad(error.to_string()))?;
        if uri.scheme_str() != Some("http") {
            return Err(bad(
                "console-subscriber speaks plain http, or file:// for a Unix socket".to_owned(),
            ));
        }
        if uri.port().is_none() {
            return Err(bad("it has no port; the usual one is 6669".to_owned()));
        }
        Ok(Self::Http(uri))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(uri) => {
                let authority = uri.authority().map_or("", |authority| authority.as_str());
                write!(formatter, "http://{authority}")
            }
            Self::UnixSocket(path) => write!(formatter, "file://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<Address>().expect("an address").to_string()
    }

    fn refused(text: &str) -> String {
        text.parse::<Address>()
            .expect_err("not an address")
            .to_string()
    }

    #[test]
    fn a_scheme_may_be_left_out() {
        assert_eq!(shown("localhost:6669"), "http://localhost:6669");
        assert_eq!(shown("http://127.0.0.1:6669/"), "http://127.0.0.1:6669");
    }

    #[test]
    fn unix_sockets_are_files() {
        assert_eq!(shown("file://localhost/run/a.sock"), "file:///run/a.sock");
        assert_eq!(shown("file:///run/a.sock"), "file:///run/a.sock");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(refused("https://localhost:6669").contains("plain http"));
        assert!(refused("localhost").contains("the usual one is 6669"));
        assert!(refused("file://run/a.sock").contains("file:///run/console.sock"));
        assert!(refused("local host:1").contains("is not an address"));
    }
}
