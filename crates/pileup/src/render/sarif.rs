//! The report for code scanning: SARIF 2.1.0.

use std::fmt::Write as _;
use std::io::{self, Write};

use pileup_diagnosis::{Code, Finding, Grade, Report, SetAside, Why};
use pileup_model::Site;
use serde_json::{Value, json};

use super::escape::printable;
use super::words;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    let aside = report.set_aside.iter().map(set_aside);
    let results: Vec<Value> = report.findings.iter().map(result).chain(aside).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pileup",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.map(rule),
            } },
            "invocations": [invocation(report)],
            "results": results,
        }],
    });
    super::json::write(&log, output)
}

/// How the watch went: it did not succeed where it could not have seen all.
fn invocation(report: &Report) -> Value {
    let incomplete = words::incomplete(report);
    let notifications = incomplete
        .iter()
        .map(|line| json!({ "level": "error", "message": { "text": printable(line) } }));
    json!({
        "executionSuccessful": incomplete.is_empty(),
        "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
        "properties": { "coverage": report.coverage },
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.number(),
        "name": code.pattern(),
        "shortDescription": { "text": code.pattern() },
        "help": { "text": code.page(), "markdown": code.page() },
    })
}

fn result(finding: &Finding) -> Value {
    let level = match finding.grade {
        Grade::Certain => "error",
        Grade::Probable => "warning",
        Grade::Suspicious => "note",
    };
    let mut text = format!("{}: {}", finding.pattern, words::figures(finding));
    for line in words::waits(finding).iter().chain(&finding.evidence) {
        text.push('\n');
        text.push_str(&printable(line));
    }
    for line in [&finding.explanation, &finding.fix] {
        text.push('\n');
        text.push_str(&printable(line));
    }
    let locations: Vec<Value> = finding.site.iter().map(location).collect();
    json!({
        "ruleId": finding.code.number(),
        "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code),
        "level": level,
        "message": { "text": text },
        "locations": locations,
    })
}

/// A result that code scanning shows as known rather than as open.
fn set_aside(aside: &SetAside) -> Value {
    let mut result = result(&aside.finding);
    match aside.why {
        Why::Allowed => {
            result["suppressions"] = json!([{
                "kind": "external",
                "status": "accepted",
                "justification": printable(&aside.reason),
            }]);
        }
        Why::InBaseline => result["baselineState"] = json!("unchanged"),
    }
    result
}

fn location(site: &Site) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": artifact(&site.file),
        "region": { "startLine": site.line.max(1), "startColumn": site.column.max(1) },
    } })
}

/// A file, which is told from the root of the repository where its path is relative.
fn artifact(file: &str) -> Value {
    let uri = uri(file);
    if uri.starts_with("file://") {
        json!({ "uri": uri })
    } else {
        json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
    }
}

/// A path as a URI: relative to the repository, or of a file where the path is absolute.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    let mut uri = match (path.starts_with('/'), has_drive) {
        (true, _) => "file://".to_owned(),
        (_, true) => "file:///".to_owned(),
        _ => String::new(),
    };
    for (index, byte) in path.bytes().enumerate() {
        let drive = has_drive && index == 1;
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) || drive {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("src/a b:c.rs"), "src/a%20b%3Ac.rs");
        assert_eq!(uri("/rustc/x.rs"), "file:///rustc/x.rs");
        assert_eq!(uri(r"C:\x\y.rs"), "file:///C:/x/y.rs");
    }
}
