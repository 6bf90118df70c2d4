//! The environment variables: those of console-subscriber, and one more.

use std::env;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::Error;

/// A length of time, such as `500ms` or `1h`; none where the variable is unset.
pub(crate) fn duration(name: &'static str) -> Result<Option<Duration>, Error> {
    let Some(value) = text(name)? else {
        return Ok(None);
    };
    match value.parse::<humantime::Duration>() {
        Ok(duration) => Ok(Some(duration.into())),
        Err(error) => Err(Error::Environment {
            name,
            reason: format!("{error}; write a duration such as 500ms or 1h"),
            value,
        }),
    }
}

/// A number, such as `10000`; none where the variable is unset.
pub(crate) fn count(name: &'static str) -> Result<Option<usize>, Error> {
    let Some(value) = text(name)? else {
        return Ok(None);
    };
    match value.parse() {
        Ok(count) => Ok(Some(count)),
        Err(error) => Err(Error::Environment {
            name,
            reason: format!("{error}; write a number such as 10000"),
            value,
        }),
    }
}

/// An address, such as `localhost:6669`; none where the variable is unset.
pub(crate) fn address(name: &'static str) -> Result<Option<SocketAddr>, Error> {
    let Some(value) = text(name)? else {
        return Ok(None);
    };
    let reason = match value.to_socket_addrs() {
        Ok(mut addresses) => match addresses.next() {
            Some(address) => return Ok(Some(address)),
            None => "the name has no address".to_owned(),
        },
        Err(error) => format!("{error}; write HOST:PORT, such as localhost:4321"),
    };
    Err(Error::Environment {
        name,
        value,
        reason,
    })
}

fn text(name: &'static str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(value)) => Err(Error::Environment {
            name,
            value: value.to_string_lossy().into_owned(),
            reason: "it is not valid Unicode".to_owned(),
        }),
    }
}
