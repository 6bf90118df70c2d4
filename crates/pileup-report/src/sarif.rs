//! The report for code scanning: SARIF 2.1.0.

use std::fmt::Write as _;
use std::io::{self, Write};

use pileup_diagnosis::{Code, Finding, Grade, Report, SetAside, Why};
use pileup_model::Site;
use serde_json::{Value, json};

use super::escape::printable;
use super::words;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes a report.
pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    let aside = report.set_aside.iter().map(set_aside);
    let mut results: Vec<Value> = report.findings.iter().map(result).chain(aside).collect();
    let aside = report.set_aside.iter().map(|aside| &aside.finding);
    let findings = report.findings.iter().chain(aside);
    for (result, print) in results.iter_mut().zip(fingerprints(findings)) {
        result["partialFingerprints"] = json!({ "pileupFinding/v1": print });
    }
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

/// What makes a finding the same in another report, though its line has moved: its code, its
/// file, and which of these in the file it is.
fn fingerprints<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let findings: Vec<&Finding> = findings.collect();
    let line = |finding: &Finding| finding.site.as_ref().map_or(0, |site| site.line);
    let key = |finding: &Finding| {
        let file = finding.site.as_ref().map(Site::portable_file);
        (finding.code, file.unwrap_or_default())
    };
    let print = |finding: &&Finding| {
        let same = |other: &&&Finding| key(other) == key(finding) && line(other) < line(finding);
        let (code, file) = key(finding);
        let earlier = findings.iter().filter(same).count();
        printable(&format!("{}:{file}:{earlier}", code.number()))
    };
    findings.iter().map(print).collect()
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
        "relatedLocations": related_locations(finding),
    })
}

/// Where tasks wait, where what they wait for was made, and where the others were spawned.
fn related_locations(finding: &Finding) -> Vec<Value> {
    let mut related: Vec<(Site, String)> = Vec::new();
    for place in &finding.waits {
        let (Some(file), Some(line)) = (&place.file, place.line) else {
            continue;
        };
        let site = Site {
            file: file.as_str().into(),
            line,
            column: 1,
        };
        related.push((site, format!("{} wait here: {}", place.tasks, place.kind)));
    }
    if let Some(waits_on) = &finding.waits_on
        && let Some(made) = &waits_on.resource
    {
        let site = Site {
            file: made.file.as_str().into(),
            line: made.line,
            column: made.column,
        };
        let noun = waits_on.kind.noun();
        related.push((site, format!("the {noun} that they wait for is made here")));
    }
    for involved in finding
        .involved
        .iter()
        .filter(|other| other.site != finding.site)
    {
        if let Some(site) = &involved.site {
            related.push((
                site.clone(),
                format!("{}, spawned here", words::part(involved)),
            ));
        }
    }
    let related = related.iter().enumerate().map(|(id, (site, text))| {
        let mut location = location(site);
        location["id"] = json!(id + 1);
        location["message"] = json!({ "text": printable(text) });
        location
    });
    related.collect()
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

/// A file, as a path from the root of the repository where its path is relative.
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
