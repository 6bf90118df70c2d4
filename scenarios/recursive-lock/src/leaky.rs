//! Hearings are interpreted: a clerk puts words of the case into a glossary, and the interpreter adds others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long the clerk takes to write down a word.
const WRITING: Duration = Duration::from_millis(5);

/// The translation of a name.
const AS_IT_IS: &str = "=";
/// The words that the clerk knows beforehand.
const CASE: [(&str, &str); 2] = [("Smith", AS_IT_IS), ("theft", "hurto")];
const SPEECH: [&str; 6] = ["theft", "Smith", "theft", "Smith", "witness", "theft"];

/// The words of a hearing with their translations.
struct Glossary(Mutex<HashMap<&'static str, &'static str>>);

impl Glossary {
    async fn translate(&self, word: &'static str) -> &'static str {
        match self.0.lock().await.get(word).copied() {
            Some(AS_IT_IS) => word,
            Some(translation) => translation,
            None => {
                let translation = look_up(word).await;
                self.0.lock().await.insert(word, translation);
                translation
            }
        }
    }
}

/// Leafs through the dictionary.
async fn look_up(word: &'static str) -> &'static str {
    sleep(Duration::from_millis(20)).await;
    if word == "witness" { "testigo" } else { word }
}

fn send_clerk(glossary: Arc<Glossary>) {
    tokio::spawn(async move {
        let mut words = glossary.0.lock().await;
        for (word, translation) in CASE {
            sleep(WRITING).await;
            words.insert(word, translation);
        }
    });
}

fn send_interpreter(glossary: Arc<Glossary>) {
    tokio::spawn(async move {
        let mut minutes = Vec::new();
        for word in SPEECH {
            sleep(Duration::from_millis(15)).await;
            minutes.push(glossary.translate(word).await);
        }
        minutes
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
