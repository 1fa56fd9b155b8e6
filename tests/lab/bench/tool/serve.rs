//! The two stubs behind one conversation on stdin: one JSON object a line there, one back. Ends when stdin does.

use crate::argus::Argus;
use crate::zino::Zino;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::sync::Arc;

/// Serves until the bench goes.
pub fn serve() {
    let (argus, zino) = (Argus::start(), Zino::start());
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let request: Value = serde_json::from_str(&line).unwrap();
        let answer = obey(&request, &argus, &zino);
        let answer = answer.map_or_else(|error| json!({"error": error}), |ok| json!({"ok": ok}));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}").and_then(|()| out.flush()).unwrap();
    }
}

fn obey(request: &Value, argus: &Arc<Argus>, zino: &Arc<Zino>) -> Result<Value, String> {
    let number = |key: &str| request[key].as_u64().ok_or_else(|| format!("{key} is missing"));
    match request["do"].as_str().unwrap_or_default() {
        "ports" => Ok(json!({"argus": argus.port, "zino": zino.port, "notify": zino.notify_port})),
        "cases" => Ok(json!(zino.open_many(number("count")?, number("routers")?))),
        "storm" => Ok(json!(zino.storm(number("changes")?, number("cases")?, number("per_second")?))),
        "turn_over" => Ok(json!(zino.turn_over(number("keep_closed")?))),
        "stats" => Ok(json!({"argus": argus.stats(), "zino": zino.stats()})),
        "wrong" => Ok(json!(argus.wrong(&zino.expected()))),
        "forget_requests" => {
            argus.forget_counts();
            zino.forget_counts(false);
            Ok(Value::Null)
        }
        "forget_counts" => {
            argus.forget_counts();
            zino.forget_counts(true);
            Ok(Value::Null)
        }
        other => Err(format!("no such request: {other}")),
    }
}
