//! Users and groups, by name.

use crate::config::Identity;
use crate::keyword::{Args, Bounds, Refused, Value};

/// `USER`, `USER GROUP`, `USER :GROUP`, `USER :`; nothing when there is no word.
pub(crate) fn identity(words: &[String]) -> Option<Identity> {
    let user = words.first()?.clone();
    let (group, supplementary_groups) =
        match words.get(1).map(|group| (group.as_str(), group.strip_prefix(':'))) {
            None => (None, false),
            Some((_, Some(""))) => (None, true),
            Some((_, Some(group))) => (Some(group.to_owned()), true),
            Some((group, None)) => (Some(group.to_owned()), false),
        };
    Some(Identity { user, group, supplementary_groups })
}

impl Value for Identity {
    const SYNTAX: &'static str = "USER [[:]GROUP]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let user = args.word()?;
        let words: Vec<String> =
            std::iter::once(user).chain(std::iter::from_fn(|| args.optional())).collect();
        identity(&words).ok_or(Refused::Bad)
    }
}
