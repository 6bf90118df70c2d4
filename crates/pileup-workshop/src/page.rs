//! The page of an exercise: its README, by its headings.

/// The parts of a page.
#[derive(Debug)]
pub struct Page {
    /// Its heading.
    pub title: String,
    sections: Vec<(String, String)>,
}

impl Page {
    /// Reads a page from its Markdown.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut title = String::new();
        let mut sections: Vec<(String, String)> = Vec::new();
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            }
            match (line.strip_prefix("## "), line.strip_prefix("# ")) {
                (Some(heading), _) if !is_code => {
                    sections.push((heading.to_owned(), String::new()));
                }
                (_, Some(heading)) if !is_code => heading.clone_into(&mut title),
                _ => {
                    if let Some((_, section)) = sections.last_mut() {
                        section.push_str(line);
                        section.push('\n');
                    }
                }
            }
        }
        Self { title, sections }
    }

    /// The text under a heading, without what is folded in it.
    #[must_use]
    pub fn section(&self, heading: &str) -> Option<&str> {
        let mut sections = self.sections.iter();
        let (_, text) = sections.find(|(name, _)| name == heading)?;
        Some(text.trim())
    }

    /// The hints, from the faintest to the clearest.
    pub fn hints(&self) -> Vec<&str> {
        self.section("Hints").map(folded).unwrap_or_default()
    }

    /// What is wrong, what helps, and at what price.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        folded(self.section("The fix")?).into_iter().next()
    }
}

/// The contents of all `<details>`, without their summaries.
fn folded(text: &str) -> Vec<&str> {
    let details = text.split("<details>").skip(1);
    let contents = details.filter_map(|rest| {
        let (details, _) = rest.split_once("</details>")?;
        let (_, content) = details.split_once("</summary>")?;
        Some(content.trim())
    });
    contents.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# The sum that is not shown

## The symptom

The display is empty.

## Hints

<details><summary>Hint 1</summary>

When does `recv` return?

```rust
# [allow(dead_code)]
```
</details>

<details><summary>Hint 2</summary>

Who has a sender?
</details>

## The fix

<details><summary>What is wrong, and what helps</summary>

The last sender stays in the map.
</details>
";

    #[test]
    fn it_is_read_by_its_headings() {
        let page = Page::new(TEXT);
        assert_eq!(page.title, "The sum that is not shown");
        assert_eq!(page.section("The symptom"), Some("The display is empty."));
        assert_eq!(page.section("Questions"), None);
        assert_eq!(page.fix(), Some("The last sender stays in the map."));
    }

    #[test]
    fn what_is_folded_comes_out_tier_by_tier() {
        let page = Page::new(TEXT);
        let hints = page.hints();
        assert_eq!(hints.len(), 2);
        assert!(hints[0].starts_with("When does"), "{}", hints[0]);
        assert!(hints[0].contains("# [allow"), "{}", hints[0]);
        assert_eq!(hints[1], "Who has a sender?");
    }
}
