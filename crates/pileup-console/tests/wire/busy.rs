//! A target that gets little of the processor: it answers late, and in bursts.

use std::time::Duration;

use crate::fake::Fake;
use crate::message::Message;
use crate::script::{attach, next};

/// More than an HTTP/2 server takes back before it has seen them: it then ends the connection.
const REQUESTS: u64 = 40;

/// HTTP/2 servers guard against clients that make requests and take them back at once: more
/// than twenty of them in one go, and h2 closes the connection. A client that loses its
/// patience with a busy target does just that.
#[tokio::test]
async fn questions_that_a_busy_target_answers_late_do_not_end_the_connection() {
    let fake = Fake::start();
    let tasks = (0..REQUESTS).fold(Message::first_at(100), |message, id| {
        message.task_without_waker(id, 10)
    });
    fake.send(tasks);
    let mut connection = attach(&fake).await;
    for second in 101..106 {
        fake.send(Message::at(second));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    fake.stall(Duration::from_secs(3));
    for _ in 0..6 {
        next(&mut connection).await;
    }
    fake.send(Message::at(200));
    let after = next(&mut connection).await;
    assert_eq!(after.tasks.len() as u64, REQUESTS);
}
