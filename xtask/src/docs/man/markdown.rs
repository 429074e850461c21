//! The little Markdown that the prose is written in, as roff.

use roff::{Inline, Roff, bold, italic, roman};

/// Writes a text: headings, paragraphs, lists, and blocks of text that stay as they are.
pub(super) fn write(roff: &mut Roff, text: &str) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("### ") {
            roff.control("SS", [heading]);
        } else if let Some(heading) = line.strip_prefix("## ") {
            roff.control("SH", [heading]);
        } else if line.starts_with("```") {
            roff.control("PP", []);
            roff.control("RS", ["4"]);
            roff.control("nf", []);
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
            roff.control("RE", []);
        } else if !line.is_empty() {
            let (item, mut paragraph) = match line.strip_prefix("- ") {
                Some(item) => (true, item.to_owned()),
                None => (false, line.to_owned()),
            };
            while let Some(more) =
                lines.next_if(|line| !line.is_empty() && !line.starts_with("- ") && !line.starts_with("```"))
            {
                paragraph.push(' ');
                paragraph.push_str(more.trim_start());
            }
            if item {
                roff.control("IP", ["\\(bu", "2"]);
            } else {
                roff.control("PP", []);
            }
            roff.text(inlines(&paragraph));
        }
    }
}

/// A paragraph: `code` and `**strong**` bold, `*emphasis*` italic, links by their text.
pub(super) fn inlines(paragraph: &str) -> Vec<Inline> {
    let mut inlines = Vec::new();
    let mut rest = paragraph;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (plain, special) = rest.split_at(at);
        let found = span(special);
        let Some((inline, after)) = found else {
            inlines.push(roman(format!("{plain}{}", &special[..1])));
            rest = &special[1..];
            continue;
        };
        inlines.push(roman(plain));
        inlines.push(inline);
        rest = after;
    }
    inlines.push(roman(rest));
    inlines
}

/// What begins with a mark, and the text behind it; none if the mark is only a character.
fn span(text: &str) -> Option<(Inline, &str)> {
    if let Some((code, after)) = text.strip_prefix('`').and_then(|text| text.split_once('`')) {
        return Some((bold(code), after));
    }
    if let Some(text) = text.strip_prefix('*') {
        let (emphasis, after) = text.split_once('*')?;
        let word = !emphasis.is_empty() && !emphasis.contains(' ') || emphasis.ends_with(':');
        return word.then(|| (italic(emphasis), after));
    }
    let (label, after) = text.strip_prefix('[')?.split_once("](")?;
    let (_, after) = after.split_once(')')?;
    // A bracket before the link's own would make it longer than it is.
    (!label.contains(['[', ']'])).then(|| (roman(label), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roff(text: &str) -> String {
        let mut roff = Roff::new();
        write(&mut roff, text);
        roff.to_roff()
    }

    #[test]
    fn marks_become_fonts_and_links_their_text() {
        assert_eq!(roff("a `b` *c* [d](e.md) f*g [h]\n"), ".PP\na \\fBb\\fR \\fIc\\fR d f*g [h]\n");
    }

    #[test]
    fn lists_and_texts_as_they_are_keep_their_form() {
        assert_eq!(roff("- a\n  b\n- c\n"), ".IP \\(bu 2\na b\n.IP \\(bu 2\nc\n");
        assert!(roff("```text\nx {\n    y\n```\n").contains(".nf\nx {\n    y\n.fi\n"));
    }
}
