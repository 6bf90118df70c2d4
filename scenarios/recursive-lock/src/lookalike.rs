//! Hearings are interpreted: a clerk puts words of the case into a glossary, and the interpreter adds others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;

/// How long the clerk takes to write down the words.
const WRITING: Duration = Duration::from_millis(900);
/// The words that the clerk knows beforehand; names stay as they are.
const CASE: [(&str, &str); 2] = [("Smith", "="), ("theft", "hurto")];
const SPEECH: [&str; 6] = ["theft", "Smith", "theft", "Smith", "witness", "theft"];

/// The words of a hearing with their translations.
struct Glossary(Mutex<HashMap<&'static str, &'static str>>);

impl Glossary {
    async fn translate(&self, word: &'static str) -> &'static str {
        let known = self.0.lock().await.get(word).copied();
        match known {
            Some("=") => word,
            Some(translation) => translation,
            None => {
                // Leafs through the dictionary.
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.0.lock().await.insert(word, "testigo");
                "testigo"
            }
        }
    }
}

fn send_clerk(glossary: Arc<Glossary>) {
    tokio::spawn(async move {
        let mut words = glossary.0.lock().await;
        tokio::time::sleep(WRITING).await;
        words.extend(CASE);
    });
}

fn send_interpreter(glossary: Arc<Glossary>) {
    tokio::spawn(async move {
        for word in SPEECH {
            tokio::time::sleep(Duration::from_millis(15)).await;
            glossary.translate(word).await;
            tracing::info!("a word is translated");
        }
    });
}

/// Opens hearings.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
        let glossary = Arc::new(Glossary(Mutex::new(HashMap::new())));
        send_clerk(glossary.clone());
        send_interpreter(glossary);
    }
}
