//! Configuration files made up from a grammar: the same seed, the same file.
//!
//! Most of a file is right and some of it is wrong, as in life: numbers out of range, names that nobody defined, words that
//! contradict others.

use std::collections::HashMap;

/// What keepalived.conf may say.
const GRAMMAR: &str = include_str!("generate.grammar");

/// How often `<name*>` stands at most for its rule.
const REPEATED: usize = 8;

/// A file, the same for the same seed.
pub fn configuration(seed: u64) -> String {
    let mut maker = Maker { rules: rules(), dice: fastrand::Rng::with_seed(seed), text: String::new() };
    maker.rule("file");
    maker.text
}

fn rules() -> HashMap<&'static str, Vec<&'static str>> {
    let mut rules: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut name = "";
    for line in GRAMMAR.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(rule) => name = rule,
            None => rules.entry(name).or_default().push(line),
        }
    }
    rules
}

struct Maker {
    rules: HashMap<&'static str, Vec<&'static str>>,
    dice: fastrand::Rng,
    text: String,
}

impl Maker {
    fn rule(&mut self, name: &str) {
        let ways = self.rules.get(name).expect("a test looks up every rule that is named");
        let way = ways[self.dice.usize(..ways.len())];
        if way != "." {
            self.way(way);
        }
    }

    fn way(&mut self, way: &'static str) {
        let mut rest = way;
        while let Some(at) = rest.find(['<', '\\', '>']) {
            let (plain, special) = rest.split_at(at);
            self.text.push_str(plain);
            let doubled = special.strip_prefix("<<").map(|rest| ('<', rest));
            rest = if let Some((c, rest)) =
                doubled.or_else(|| special.strip_prefix(">>").map(|rest| ('>', rest)))
            {
                self.text.push(c);
                rest
            } else if let Some(rest) = special.strip_prefix('\\') {
                let c = rest.chars().next().unwrap_or('\\');
                self.text.push(if c == 'n' { '\n' } else { c });
                &rest[c.len_utf8().min(rest.len())..]
            } else {
                let (name, rest) = special[1..].split_once('>').unwrap_or((&special[1..], ""));
                self.part(name);
                rest
            };
        }
        self.text.push_str(rest);
    }

    fn part(&mut self, name: &'static str) {
        if let Some((low, high)) = name.split_once("..") {
            let bound = |text: &str| text.parse::<u32>().expect("a test reads every range");
            let number = self.dice.u32(bound(low)..=bound(high));
            self.text.push_str(&number.to_string());
        } else if let Some(name) = name.strip_suffix('*') {
            for _ in 0..self.dice.usize(..=REPEATED) {
                self.rule(name);
            }
        } else if let Some(name) = name.strip_suffix('?') {
            if self.dice.bool() {
                self.rule(name);
            }
        } else {
            self.rule(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_file_and_another_seed_another() {
        assert_eq!(configuration(7), configuration(7));
        assert_ne!(configuration(7), configuration(8));
    }

    #[test]
    fn every_rule_that_is_named_is_there_and_every_rule_is_named() {
        let rules = rules();
        let mut named = std::collections::HashSet::from(["file"]);
        for way in rules.values().flatten() {
            for part in way.replace("<<", "").split('<').skip(1) {
                let part = part.split('>').next().unwrap_or_default();
                let name = part.trim_end_matches(['*', '?']);
                match name.split_once("..") {
                    Some((low, high)) => {
                        let bound =
                            |text: &str| text.parse::<u32>().unwrap_or_else(|_| panic!("{name} in {way}"));
                        assert!(bound(low) <= bound(high), "{name}");
                    }
                    None => assert!(rules.contains_key(name), "{name} in {way}"),
                }
                named.extend(rules.keys().filter(|rule| **rule == name));
            }
        }
        let unnamed: Vec<_> = rules.keys().filter(|rule| !named.contains(**rule)).collect();
        assert!(unnamed.is_empty(), "{unnamed:?}");
    }
}
