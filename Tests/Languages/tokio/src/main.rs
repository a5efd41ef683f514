// The node of node.rs on tokio: four workers, a task for each message, and one that gossips.
#[path = "../../node.rs"]
#[allow(dead_code)]
mod node;

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() {
    let node = Arc::new(Mutex::new(node::Node::default()));
    let timed = node.clone();
    tokio::spawn(async move {
        let mut period = tokio::time::interval(Duration::from_millis(200));
        loop {
            period.tick().await;
            timed.lock().unwrap().gossip();
        }
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let node = node.clone();
        tokio::spawn(async move { node.lock().unwrap().handle(&line) });
    }
}
