// A broadcast node: every 200 ms each node sends each other one what that has not confirmed. Two threads and a lock.
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub struct Node {
    name: String,
    values: BTreeSet<i64>,
    missing: BTreeMap<String, BTreeSet<i64>>,
}

/// The text of a member: a string, a number or a flat array; good enough for a test's messages.
fn member<'a>(line: &'a str, name: &str) -> &'a str {
    let Some(place) = line.find(&format!("\"{name}\":")) else { return "" };
    let rest = line[place + name.len() + 3..].trim_start();
    match rest.chars().next() {
        Some('"') => rest[1..].split('"').next().unwrap_or(""),
        Some('[') => rest[1..].split(']').next().unwrap_or(""),
        _ => rest.split([',', '}']).next().unwrap_or("").trim(),
    }
}

fn numbers(text: &str) -> Vec<i64> {
    text.split(',').filter_map(|word| word.trim().parse().ok()).collect()
}

fn joined<'a>(numbers: impl IntoIterator<Item = &'a i64>) -> String {
    numbers.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

impl Node {
    fn send(&self, dest: &str, body: &str) {
        let line = format!("{{\"src\":\"{}\",\"dest\":\"{dest}\",\"body\":{{{body}}}}}\n", self.name);
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        std::io::stdout().flush().unwrap();
    }

    fn add(&mut self, value: i64) {
        if self.values.insert(value) {
            for set in self.missing.values_mut() {
                set.insert(value);
            }
        }
    }

    pub fn gossip(&self) {
        for (peer, set) in self.missing.iter().filter(|(_, set)| !set.is_empty()) {
            self.send(peer, &format!("\"type\":\"gossip\",\"values\":[{}]", joined(set)));
        }
    }

    pub fn handle(&mut self, line: &str) {
        let source = member(line, "src").to_string();
        let body = &line[line.find("\"body\"").unwrap_or(0)..];
        let kind = member(body, "type").to_string();
        let mut more = String::new();
        match kind.as_str() {
            "init" => {
                self.name = member(body, "node_id").to_string();
                for peer in member(body, "node_ids").split(',').map(|word| word.trim().trim_matches('"')) {
                    if peer != self.name {
                        self.missing.insert(peer.to_string(), BTreeSet::new());
                    }
                }
            }
            "broadcast" => self.add(member(body, "message").parse().unwrap()),
            "read" => more = format!(",\"messages\":[{}]", joined(&self.values)),
            "gossip" => {
                let told = numbers(member(body, "values"));
                told.iter().for_each(|value| self.add(*value));
                return self.send(&source, &format!("\"type\":\"got\",\"values\":[{}]", joined(&told)));
            }
            "got" => {
                let set = self.missing.get_mut(&source).unwrap();
                for value in numbers(member(body, "values")) {
                    set.remove(&value);
                }
                return;
            }
            _ => {}
        }
        self.send(&source, &format!("\"type\":\"{kind}_ok\",\"in_reply_to\":{}{more}", member(body, "msg_id")));
    }
}

fn main() {
    let node = Arc::new(Mutex::new(Node::default()));
    let timed = node.clone();
    std::thread::spawn(move || loop {
        std::thread::sleep(Duration::from_millis(200));
        timed.lock().unwrap().gossip();
    });
    for line in std::io::stdin().lock().lines() {
        node.lock().unwrap().handle(&line.unwrap());
    }
}
